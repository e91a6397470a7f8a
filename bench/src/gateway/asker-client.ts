import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { AskAnswer, AskOrder } from './ask-orders.ts'

type Asked = Extract<AskAnswer, { kind: 'asked' }>

/** The process that asks, from the side of the bench. One order at a time. */
export class AskerClient {
  readonly #child: ChildProcess
  readonly #gone: Promise<never>

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#gone = once(child, 'exit').then(([code]) => {
      throw new Error(`the asker ended with ${String(code)}`)
    })
    // Its end is only an error for whoever still waits for an answer.
    this.#gone.catch(() => undefined)
  }

  static start(): AskerClient {
    return new AskerClient(fork(fileURLToPath(new URL('asker.ts', import.meta.url))))
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  async ask(order: AskOrder): Promise<Asked> {
    const answer = new Promise<AskAnswer>((resolve) => this.#child.once('message', resolve))
    this.#child.send(order)
    const got = await Promise.race([answer, this.#gone])
    if (got.kind === 'failed') throw new Error(got.why)
    return got
  }

  stop(): void {
    if (this.#child.connected) this.#child.disconnect()
  }
}
