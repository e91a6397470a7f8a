import { Breaker } from './redis-breaker.ts'
import {
  isErrorReply,
  type PlainConnection,
  type RedisAddress,
  type Reply,
  within,
} from './redis-client.ts'
import { KeptConnection } from './redis-kept.ts'
import { RedisUnavailable } from './redis-unavailable.ts'

export interface LinkOptions {
  readonly where: () => Promise<RedisAddress>
  /** No command waits longer. */
  readonly commandMs: number
  readonly onUp?: () => void
  readonly onDown?: (why: Error) => void
}

/** Commands that wait for an answer; at 100 ms each that is more than a server does. */
const inFlightMax = 10_000

/** Commands to one server: each is answered or given up within `commandMs`, and none is kept for later. */
export class RedisLink {
  readonly #kept: KeptConnection
  readonly #commandMs: number
  #breaker = new Breaker()
  #inFlight = 0

  constructor({ where, commandMs, onUp, onDown }: LinkOptions) {
    this.#commandMs = commandMs
    this.#kept = new KeptConnection({
      where,
      onUp: () => {
        this.#breaker = new Breaker()
        onUp?.()
      },
      onDown: (why) => onDown?.(why),
    })
  }

  get ready(): boolean {
    return this.#kept.current !== undefined
  }

  /** The server does not answer, and commands are spared their time-out. */
  get resting(): boolean {
    return this.#breaker.open
  }

  /** @throws RedisUnavailable */
  async send(args: readonly string[]): Promise<Reply> {
    return await this.#timed((connection) => connection.send(args))
  }

  /** What a node that gives a slot away is asked by those whom it sent on (ASK). */
  async sendAsking(args: readonly string[]): Promise<Reply> {
    return await this.#timed(async (connection) => {
      // Both are written in this turn, so that no other command comes between them.
      const [, reply] = await Promise.all([connection.send(['ASKING']), connection.send(args)])
      return reply
    })
  }

  close(): void {
    this.#kept.close()
  }

  async #timed(ask: (connection: PlainConnection) => Promise<Reply>): Promise<Reply> {
    const connection = this.#kept.current
    if (connection === undefined) throw new RedisUnavailable('offline')
    if (this.#inFlight >= inFlightMax) throw new RedisUnavailable('full')
    const breaker = this.#breaker
    if (!breaker.admits(performance.now())) throw new RedisUnavailable('resting')
    this.#inFlight += 1
    const asked = ask(connection).finally(() => {
      this.#inFlight -= 1
    })
    try {
      const reply = await within(this.#commandMs, asked, lateReply)
      breaker.answered()
      return reply
    } catch (error) {
      throw this.#failed(error, breaker)
    }
  }

  #failed(error: unknown, breaker: Breaker): RedisUnavailable {
    if (!isErrorReply(error)) {
      breaker.failed(performance.now())
      return error instanceof RedisUnavailable
        ? error
        : new RedisUnavailable('lost', { cause: error })
    }
    breaker.answered()
    // A master that is one no more: whoever is now is asked for anew.
    if (error.message.startsWith('READONLY')) this.#kept.drop(error)
    return new RedisUnavailable('refused', { cause: error })
  }
}

function lateReply(): RedisUnavailable {
  return new RedisUnavailable('timeout')
}
