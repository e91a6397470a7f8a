import { OrderedProcess } from '../measure/ordered-process.ts'
import type { AskAnswer, AskOrder } from './ask-orders.ts'

type Asked = Extract<AskAnswer, { kind: 'asked' }>

/** The process that asks, from the side of the bench. One order at a time. */
export class AskerClient {
  readonly #process = new OrderedProcess<AskOrder, AskAnswer>(
    new URL('asker.ts', import.meta.url),
    'the asker',
  )

  static start(): AskerClient {
    return new AskerClient()
  }

  get pid(): number {
    return this.#process.pid
  }

  ask(order: AskOrder): Promise<Asked> {
    return this.#process.carryOut(order)
  }

  stop(): void {
    this.#process.stop()
  }
}
