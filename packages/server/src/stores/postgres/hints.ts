/*
 * NOTIFY tells other replicas to read the feed now; it is never the truth. It goes out after the commit
 * (inside, it cuts the rate of ends to a third: it serialises commits), and many ends are one.
 *
 *   listener: off -> connecting -> listening -> waiting (back-off) -> connecting … -> closed
 */
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'

const channel = 'curfew_feed'
const hint = `begin; set local synchronous_commit = off; notify ${channel}; commit`
/** Between two hints: each costs a commit, and wakes every replica. */
const announceEveryMs = 5
const backOffMsMin = 100
const backOffMsMax = 5000

/** Tells the others: at most one statement in flight, and one more for all that came meanwhile. */
export class Announcer {
  readonly #pool: pg.Pool
  #sending: Promise<void> | undefined
  #again = false

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  announce(): void {
    this.#again = true
    this.#sending ??= this.#send()
  }

  async idle(): Promise<void> {
    await this.#sending
  }

  async #send(): Promise<void> {
    while (this.#again) {
      this.#again = false
      // A hint that is lost costs one pull interval, no more: nobody waits for the disk.
      await this.#pool.query(hint).catch(() => undefined)
      await delay(announceEveryMs)
    }
    this.#sending = undefined
  }
}

/** Listens from the first listener on, and goes on listening when the connection breaks. */
export class HintListener {
  readonly #config: pg.ClientConfig
  readonly #listeners = new Set<() => void>()
  #client: pg.Client | undefined
  #timer: NodeJS.Timeout | undefined
  #backOffMs = backOffMsMin
  #started = false
  #closed = false

  constructor(config: pg.ClientConfig) {
    this.#config = config
  }

  add(listener: () => void): () => void {
    this.#listeners.add(listener)
    if (!this.#started) {
      this.#started = true
      void this.#connect()
    }
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#client?.end().catch(() => undefined)
  }

  async #connect(): Promise<void> {
    const client = new pg.Client(this.#config)
    this.#client = client
    client.on('error', () => undefined)
    client.on('notification', () => this.#tell())
    client.once('end', () => this.#later())
    try {
      await client.connect()
      await client.query(`listen ${channel}`)
      this.#backOffMs = backOffMsMin
      // What was committed while nobody listened.
      this.#tell()
    } catch {
      // 'end' follows, and with it the next attempt.
      await client.end().catch(() => undefined)
      this.#later()
    }
  }

  #later(): void {
    if (this.#closed || this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#connect()
    }, this.#backOffMs)
    this.#backOffMs = Math.min(this.#backOffMs * 2, backOffMsMax)
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
