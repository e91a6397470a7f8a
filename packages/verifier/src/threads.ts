/*
 * What all tokens of a session share here: its end, and its signal. One thread per session id.
 *
 *   quiet   -> signalled   somebody asked for `session.signal`
 *   signalled <-> watched  somebody listens, or combined it: the thread is held until the end
 *   any     -> done        the session ended, or its newest token expired (`untilExpiry`)
 *
 * A thread that is not watched is held by its sessions alone, and goes with the last of them.
 */
import { VerifyError } from './errors.ts'
import type { SessionId } from './ids.ts'
import type { Timing } from './timing.ts'
import { type WatchedSignal, watchedSignal } from './watched-signal.ts'

export interface Thread {
  readonly signal: AbortSignal
}

export interface ThreadsOptions {
  readonly timing: Timing
  /** Curfew's clock. */
  readonly nowMs: () => number
  /** Signals outlive their token, until the session's end. */
  readonly untilEnd: boolean
}

/** Expiries that lie closer together than this are one turn of the timer. */
const expiryGrainMs = 50
const sweepMin = 1024

export class Threads {
  readonly #options: ThreadsOptions
  readonly #bySid = new Map<string, WeakRef<SessionThread>>()
  readonly #watched = new Set<SessionThread>()
  /** When the map has grown to this, references to what was collected are taken out. */
  #sweepAt = sweepMin
  #timer: unknown
  #timerAtMs = Number.POSITIVE_INFINITY

  constructor(options: ThreadsOptions) {
    this.#options = options
  }

  /** Threads that are held because somebody waits. */
  get watched(): number {
    return this.#watched.size
  }

  /** Threads that are known, collected or not. */
  get size(): number {
    return this.#bySid.size
  }

  /** The thread of a session of which a token was verified that is good until then. */
  join(sid: SessionId, expiresAtMs: number): Thread {
    const known = this.#bySid.get(sid)?.deref()
    if (known !== undefined && !known.done) {
      known.prolong(expiresAtMs)
      return known
    }
    const thread = new SessionThread(this, expiresAtMs)
    this.#bySid.set(sid, new WeakRef(thread))
    if (this.#bySid.size >= this.#sweepAt) this.#sweep()
    return thread
  }

  /** The session has ended. True when somebody here knew it. */
  end(sid: string): boolean {
    const thread = this.#bySid.get(sid)?.deref()
    this.#bySid.delete(sid)
    return thread?.finish('ended') ?? false
  }

  close(): void {
    this.#options.timing.clearTimer(this.#timer)
    this.#watched.clear()
    this.#bySid.clear()
  }

  hold(thread: SessionThread): void {
    this.#watched.add(thread)
    this.#schedule(thread)
  }

  release(thread: SessionThread): void {
    this.#watched.delete(thread)
  }

  isExpired(thread: SessionThread): boolean {
    return !this.#options.untilEnd && this.#options.nowMs() >= thread.expiresAtMs
  }

  #schedule(thread: SessionThread): void {
    const { timing, untilEnd, nowMs } = this.#options
    if (untilEnd) return
    const delayMs = Math.max(thread.expiresAtMs - nowMs(), 0)
    const atMs = timing.monotonicMs() + delayMs
    if (atMs >= this.#timerAtMs) return
    timing.clearTimer(this.#timer)
    this.#timerAtMs = atMs
    // A timer of the platform is good for 24 days; an hour is early enough to look again.
    this.#timer = timing.setTimer(
      () => this.#expire(),
      Math.min(delayMs, 3_600_000) + expiryGrainMs,
    )
  }

  #expire(): void {
    this.#timerAtMs = Number.POSITIVE_INFINITY
    for (const thread of [...this.#watched]) {
      if (this.isExpired(thread)) thread.finish('expired')
      else this.#schedule(thread)
    }
  }

  #sweep(): void {
    for (const [sid, reference] of this.#bySid) {
      if (reference.deref() === undefined) this.#bySid.delete(sid)
    }
    this.#sweepAt = Math.max(sweepMin, this.#bySid.size * 2)
  }
}

class SessionThread implements Thread {
  readonly #threads: Threads
  #expiresAtMs: number
  #watched: WatchedSignal | undefined
  #reason: VerifyError<'ended' | 'expired'> | undefined

  constructor(threads: Threads, expiresAtMs: number) {
    this.#threads = threads
    this.#expiresAtMs = expiresAtMs
  }

  get expiresAtMs(): number {
    return this.#expiresAtMs
  }

  get done(): boolean {
    return this.#reason !== undefined
  }

  get signal(): AbortSignal {
    // The watchers hold this thread, and the signal holds them: whoever has one has both.
    this.#watched ??= watchedSignal({
      watched: () => {
        if (this.#reason === undefined) this.#threads.hold(this)
      },
      unwatched: () => this.#threads.release(this),
      settle: () => this.#settle(),
    })
    if (this.#reason !== undefined) this.#watched.abort(this.#reason)
    this.#settle()
    return this.#watched.signal
  }

  prolong(expiresAtMs: number): void {
    if (expiresAtMs > this.#expiresAtMs) this.#expiresAtMs = expiresAtMs
  }

  finish(code: 'ended' | 'expired'): boolean {
    if (this.#reason !== undefined) return false
    this.#reason = new VerifyError(code)
    this.#threads.release(this)
    this.#watched?.abort(this.#reason)
    return true
  }

  #settle(): void {
    if (this.#reason === undefined && this.#threads.isExpired(this)) this.finish('expired')
  }
}
