import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Window } from '../measure/contestant.ts'
import type { LoadAnswer, LoadOrder, LoadTarget, WindowAct } from './load-orders.ts'

/** The load's process, from the side of the bench. One order at a time. */
export class LoadClient {
  readonly #child: ChildProcess
  readonly #gone: Promise<never>

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#gone = once(child, 'exit').then(([code]) => {
      throw new Error(`the load ended with ${String(code)}`)
    })
    // Its end is only an error for whoever still waits for an answer.
    this.#gone.catch(() => undefined)
  }

  static async start(target: LoadTarget): Promise<LoadClient> {
    const client = new LoadClient(fork(fileURLToPath(new URL('load.ts', import.meta.url))))
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
    if (this.#child.connected) this.#child.disconnect()
  }

  async #order(order: LoadOrder): Promise<Window | null> {
    const answer = new Promise<LoadAnswer>((resolve) => this.#child.once('message', resolve))
    this.#child.send(order)
    const got = await Promise.race([answer, this.#gone])
    if (got.kind === 'failed') throw new Error(got.why)
    return got.window
  }
}
