/*
 * NOTIFY tells other replicas to read the feed now, or to look at a session again; it is never the truth.
 * It goes out after the commit (inside, it cuts the rate of ends to a third: it serialises commits), and
 * many are one.
 *
 *   listener: off -> connecting -> listening -> waiting (back-off) -> connecting … -> closed
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { parseSessionId, type SessionId } from '#domain'

const feedChannel = 'curfew_feed'
const sessionChannel = 'curfew_session'
/** Between two hints: each costs a commit, and wakes every replica. */
const announceEveryMs = 5
/** PostgreSQL takes payloads of less than 8000 bytes; a sid has 36. */
const sidsInPayloadMax = 200
/** With more than these waiting, the hint is that any session may have changed. */
const sidsWaitingMax = 2000
const anySession = '*'
const backOffMsMin = 100
const backOffMsMax = 5000

/** Tells the others: at most one statement in flight, and one more for all that came meanwhile. */
export class Announcer {
  readonly #pool: pg.Pool
  /** Names this process in its hints, so that it does not heed them itself. */
  readonly origin = randomBytes(6).toString('base64url')
  #sending: Promise<void> | undefined
  #feed = false
  readonly #sids = new Set<SessionId | typeof anySession>()

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  announce(): void {
    this.#feed = true
    this.#sending ??= this.#send()
  }

  announceSession(sid: SessionId): void {
    if (this.#sids.size < sidsWaitingMax) this.#sids.add(sid)
    else {
      this.#sids.clear()
      this.#sids.add(anySession)
    }
    this.#sending ??= this.#send()
  }

  async idle(): Promise<void> {
    await this.#sending
  }

  async #send(): Promise<void> {
    while (this.#feed || this.#sids.size > 0) {
      // A hint that is lost costs one pull interval, no more: nobody waits for the disk.
      await this.#pool.query(this.#hint()).catch(() => undefined)
      await delay(announceEveryMs)
    }
    this.#sending = undefined
  }

  #hint(): string {
    const feed = this.#feed ? `notify ${feedChannel};` : ''
    this.#feed = false
    const sids = [...this.#sids].slice(0, sidsInPayloadMax)
    for (const sid of sids) this.#sids.delete(sid)
    const payload = [this.origin, ...sids].join(' ')
    const sessions = sids.length === 0 ? '' : `notify ${sessionChannel}, '${payload}';`
    return `begin; set local synchronous_commit = off; ${feed} ${sessions} commit`
  }
}

export type SessionListener = (sid: SessionId | undefined) => void

/** Listens from the first listener on, and goes on listening when the connection breaks. */
export class HintListener {
  readonly #config: pg.ClientConfig
  readonly #ownOrigin: string
  readonly #listeners = new Set<() => void>()
  readonly #sessionListeners = new Set<SessionListener>()
  #client: pg.Client | undefined
  #timer: NodeJS.Timeout | undefined
  #backOffMs = backOffMsMin
  #started = false
  #closed = false

  constructor(config: pg.ClientConfig, ownOrigin: string) {
    this.#config = config
    this.#ownOrigin = ownOrigin
  }

  add(listener: () => void): () => void {
    this.#listeners.add(listener)
    this.#start()
    return () => this.#listeners.delete(listener)
  }

  addForSessions(listener: SessionListener): () => void {
    this.#sessionListeners.add(listener)
    this.#start()
    return () => this.#sessionListeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#client?.end().catch(() => undefined)
  }

  #start(): void {
    if (this.#started) return
    this.#started = true
    void this.#connect()
  }

  async #connect(): Promise<void> {
    const client = new pg.Client(this.#config)
    this.#client = client
    client.on('error', () => undefined)
    client.on('notification', ({ channel, payload }) => {
      if (channel === feedChannel) this.#tell()
      else this.#tellOfSessions(payload ?? '')
    })
    client.once('end', () => this.#later())
    try {
      await client.connect()
      await client.query(`listen ${feedChannel}; listen ${sessionChannel}`)
      this.#backOffMs = backOffMsMin
      // What was committed while nobody listened.
      this.#tell()
      this.#tellOfSessions(anySession)
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

  #tellOfSessions(payload: string): void {
    const [origin, ...names] = payload === anySession ? ['', anySession] : payload.split(' ')
    if (origin === this.#ownOrigin) return
    for (const name of names) {
      const sid = parseSessionId(name)
      // Whatever is no sid may be about any of them.
      for (const listener of this.#sessionListeners) listener(sid)
    }
  }
}
