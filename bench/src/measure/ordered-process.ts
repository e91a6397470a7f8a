import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** What every process says that could not do as it was told. */
export interface Failed {
  readonly kind: 'failed'
  readonly why: string
}

/** A process that carries out orders, one at a time, and answers each over its channel. */
export class OrderedProcess<Order extends object, Answer extends { readonly kind: string }> {
  readonly #child: ChildProcess
  readonly #gone: Promise<never>

  /** `file` is a module that answers each message with one; `name` is what errors call it. */
  constructor(file: URL, name: string) {
    this.#child = fork(file)
    // Heard once for all orders: each of them would leave a listener behind.
    this.#gone = once(this.#child, 'exit').then(([code]) => {
      throw new Error(`${name} ended with ${String(code)}`)
    })
    // Its end is only an error for whoever still waits for an answer.
    this.#gone.catch(() => undefined)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** @throws Error that says why it could not */
  async carryOut(order: Order): Promise<Exclude<Answer, Failed>> {
    const answer = new Promise<Answer>((resolve) => this.#child.once('message', resolve))
    this.#child.send(order)
    const got = await Promise.race([answer, this.#gone])
    if (isFailed(got)) throw new Error(got.why)
    return got as Exclude<Answer, Failed>
  }

  stop(): void {
    if (this.#child.connected) this.#child.disconnect()
  }
}

function isFailed(answer: { readonly kind: string }): answer is Failed {
  return answer.kind === 'failed'
}
