/*
 * Sessions that start or end at any replica, for the consoles that listen here. Modes and the legal moves:
 *
 *   idle      -> watching   somebody follows: what there is counts as seen, and only what comes is told
 *   watching  -> idle       nobody does: nothing is read any more
 *
 * Ends come from this replica's tail. Starts are found by their sids, which hold the time: one read a
 * tick for all listeners, which looks back so far that a transaction which commits late is found as well.
 */
import type { Clock, WatchStore } from '#authority'
import { instant, type Session, type SessionId, sessionIdFrom } from '#domain'
import type { TailListener } from '#feed'
import type { HttpDeps } from '../deps.ts'
import { NewsQueue } from './news-queue.ts'

export interface WatchedSessions {
  readonly store: Pick<WatchStore, 'startedAfter' | 'sessions'>
  readonly ends: { subscribe(listener: TailListener): () => void }
}

export interface SessionWatchDeps {
  readonly admin: { readonly sessions: WatchedSessions }
  readonly clock: Pick<Clock, 'now'>
  readonly log: Pick<HttpDeps['log'], 'warn'>
  readonly tickMs?: number
}

const tickDefaultMs = 500
/** Longer than the transaction of a start may take (3 s), and than clocks of replicas differ. */
const lookBackMs = 10_000
/** Starts within that time; more are not told one by one. */
const startsMax = 2000
/** Sessions that one tick reads and tells. */
const toldMax = 500
const endsWaitingMax = 10_000

export class SessionWatch {
  readonly #deps: SessionWatchDeps
  readonly #listeners = new Set<NewsQueue>()
  #look: Look | undefined

  constructor(deps: SessionWatchDeps) {
    this.#deps = deps
  }

  /** What starts or ends from now on, until the signal aborts. @throws StoreUnavailable */
  async follow(signal: AbortSignal): Promise<NewsQueue> {
    const queue = new NewsQueue(signal, (left) => this.#leave(left))
    this.#listeners.add(queue)
    this.#look ??= new Look(this.#deps, (news) => {
      for (const listener of this.#listeners) news(listener)
    })
    try {
      await this.#look.begun
    } catch (error) {
      await queue.return()
      throw error
    }
    return queue
  }

  #leave(queue: NewsQueue): void {
    if (!this.#listeners.delete(queue) || this.#listeners.size > 0) return
    this.#look?.stop()
    this.#look = undefined
  }
}

/** From the first listener's coming to the last one's going. */
class Look {
  readonly begun: Promise<void>
  readonly #deps: SessionWatchDeps
  readonly #tell: (news: (queue: NewsQueue) => void) => void
  readonly #unsubscribe: () => void
  readonly #ended = new Set<SessionId>()
  #seen: ReadonlySet<SessionId> = new Set()
  #missed = false
  #reading = false
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(deps: SessionWatchDeps, tell: (news: (queue: NewsQueue) => void) => void) {
    this.#deps = deps
    this.#tell = tell
    this.#unsubscribe = deps.admin.sessions.ends.subscribe((news) => {
      if (news.kind === 'reset') this.#missed = true
      else for (const { sid } of news.entries) this.#hear(sid)
    })
    this.begun = this.#begin()
  }

  stop(): void {
    this.#stopped = true
    clearInterval(this.#timer)
    this.#unsubscribe()
  }

  async #begin(): Promise<void> {
    this.#seen = new Set(await this.#recent())
    if (this.#stopped) return
    const tick = () => void this.#read()
    this.#timer = setInterval(tick, this.#deps.tickMs ?? tickDefaultMs).unref()
  }

  #hear(sid: SessionId): void {
    if (this.#ended.size >= endsWaitingMax) this.#missed = true
    else this.#ended.add(sid)
  }

  #recent(): Promise<readonly SessionId[]> {
    const since = instant(this.#deps.clock.now() - lookBackMs)
    return this.#deps.admin.sessions.store.startedAfter(sessionIdFrom(since, lowest), startsMax)
  }

  async #read(): Promise<void> {
    if (this.#reading) return
    this.#reading = true
    try {
      await this.#turn()
    } catch (error) {
      // Out of reach is no news: nothing was taken as told, and the next tick asks again.
      const why = error instanceof Error ? error.message : String(error)
      this.#deps.log.warn({ why }, 'starts and ends could not be looked at; trying again')
    } finally {
      this.#reading = false
    }
  }

  async #turn(): Promise<void> {
    const recent = await this.#recent()
    const started = recent.filter((sid) => !this.#seen.has(sid))
    // The oldest of a full look is new: others may lie behind it.
    const cut = recent.length === startsMax && started.length === startsMax
    const ended = [...this.#ended].slice(0, toldMax)
    const sids = [...new Set([...started, ...ended])].slice(0, toldMax)
    const sessions = sids.length === 0 ? [] : await this.#deps.admin.sessions.store.sessions(sids)
    if (cut || started.length > toldMax) this.#missed = true
    this.#seen = new Set(recent)
    for (const sid of sids) this.#ended.delete(sid)
    if (!this.#stopped) this.#announce(sessions)
  }

  #announce(sessions: readonly Session[]): void {
    if (this.#missed) this.#tell((queue) => queue.push({ kind: 'missed' }))
    this.#missed = false
    for (const session of sessions) this.#tell((queue) => queue.push({ kind: 'session', session }))
  }
}

/** No sid of the same millisecond is smaller. */
const lowest = new Uint8Array(10)
