import type { Window } from '../measure/contestant.ts'
import { OrderedProcess } from '../measure/ordered-process.ts'
import type { LoadAnswer, LoadOrder, LoadTarget, WindowAct } from './load-orders.ts'

/** The load's process, from the side of the bench. One order at a time. */
export class LoadClient {
  readonly #process = new OrderedProcess<LoadOrder, LoadAnswer>(
    new URL('load.ts', import.meta.url),
    'the load',
  )

  private constructor() {}

  static async start(target: LoadTarget): Promise<LoadClient> {
    const client = new LoadClient()
    await client.#order({ kind: 'target', target })
    return client
  }

  async window(act: WindowAct, callers: number, windowMs: number): Promise<Window> {
    const window = await this.#order({ kind: 'window', act, callers, windowMs })
    if (window === null) throw new Error('the load answered a window without its figures')
    return window
  }

  async supply(count: number, callers: number): Promise<void> {
    await this.#order({ kind: 'supply', count, callers })
  }

  stop(): void {
    this.#process.stop()
  }

  async #order(order: LoadOrder): Promise<Window | null> {
    const { window } = await this.#process.carryOut(order)
    return window
  }
}
