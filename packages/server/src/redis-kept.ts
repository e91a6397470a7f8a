import { randomInt } from 'node:crypto'
import { connectPlain, type PlainConnection, type RedisAddress, within } from './redis-client.ts'

export interface KeptOptions {
  /** Asked before each attempt: the master behind sentinels moves. */
  readonly where: () => Promise<RedisAddress>
  /** Before the connection counts as made, such as subscriptions. */
  readonly prepare?: (connection: PlainConnection) => Promise<void>
  readonly onUp?: () => void
  /** A connection was lost, or an attempt failed. */
  readonly onDown?: (why: Error) => void
}

const connectMs = 2000
/** An idle connection says that it lives; one that does not answer for so long is given up. */
const pingEveryMs = 2000
const retryMinMs = 100
const retryMaxMs = 5000
/** A connection that stood for so long did not fail at once. */
const stoodMs = 1000

/**
 * A connection that is made again for ever. Modes and the legal moves between them:
 *
 *   connecting -> up       it was made, the server answers PING, and `prepare` is done
 *   connecting -> waiting  any of these failed
 *   up         -> waiting  it broke, PING was not answered, or somebody dropped it
 *   waiting    -> connecting   after a back-off from 100 ms to 5 s
 *   any        -> closed
 */
export class KeptConnection {
  readonly #options: KeptOptions
  readonly #closing = new AbortController()
  #current: PlainConnection | undefined
  #lose: (why: Error) => void = () => undefined
  #failures = 0

  constructor(options: KeptOptions) {
    this.#options = options
    void this.#keep()
  }

  /** Undefined unless it is up. */
  get current(): PlainConnection | undefined {
    return this.#current
  }

  /** This one is of no use any more: make another one. */
  drop(why: Error): void {
    this.#lose(why)
  }

  close(): void {
    this.#closing.abort()
    this.#lose(new Error('closed'))
    this.#current = undefined
  }

  async #keep(): Promise<void> {
    const { signal } = this.#closing
    while (!signal.aborted) {
      const why = await this.#once()
      if (signal.aborted) return
      this.#failures += 1
      this.#options.onDown?.(why)
      await pause(backOffMs(this.#failures), signal)
    }
  }

  /** One connection from its making to its loss; answers why it was lost. */
  async #once(): Promise<Error> {
    const lost = Promise.withResolvers<Error>()
    this.#lose = lost.resolve
    let connection: PlainConnection | undefined
    try {
      const address = await this.#options.where()
      connection = await connectPlain(address, { connectMs, onLost: lost.resolve })
      await within(connectMs, this.#ready(connection))
      return await this.#up(connection, lost)
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    } finally {
      this.#current = undefined
      connection?.destroy()
    }
  }

  /** A process that stands still accepts connections, too: only an answer counts. */
  async #ready(connection: PlainConnection): Promise<void> {
    await connection.send(['PING'])
    await this.#options.prepare?.(connection)
  }

  async #up(connection: PlainConnection, lost: PromiseWithResolvers<Error>): Promise<Error> {
    if (this.#closing.signal.aborted) return await lost.promise
    const upAt = performance.now()
    this.#current = connection
    this.#options.onUp?.()
    const ping = setInterval(() => {
      within(pingEveryMs, connection.send(['PING'])).catch(lost.resolve)
    }, pingEveryMs)
    const why = await lost.promise
    clearInterval(ping)
    if (performance.now() - upAt > stoodMs) this.#failures = 0
    return why
  }
}

/** With some chance in it, so that all replicas do not come at once. */
function backOffMs(failures: number): number {
  const full = Math.min(retryMinMs * 2 ** Math.min(failures - 1, 10), retryMaxMs)
  return randomInt(Math.ceil(full / 2), full + 1)
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds)
    signal.addEventListener('abort', done)
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
  })
}
