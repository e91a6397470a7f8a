/*
 * Follows a feed of ends. Modes and the legal moves between them:
 *
 *   waiting -> reading      by the timer or a hint; never two reads at once
 *   reading -> reading      more pages follow, or a hint came meanwhile (one more pull, however many came)
 *   reading -> waiting      at the head, or failed (then the wait doubles, up to a limit)
 *   any     -> closed       for good
 *
 * A load of everything (the first one, and after a gap or another epoch) hands on every page as it
 * comes, but the position changes at its end only. A failure keeps what was handed on and goes on there.
 */
import {
  type FeedEvent,
  FeedMalformed,
  type FeedPosition,
  type FeedRead,
  type FeedSource,
  judge,
  type ResetCause,
  type SourceEntry,
} from './feed-source.ts'
import { defaultTiming, type Timing } from './timing.ts'

export interface FeedReaderOptions<Entry extends SourceEntry = SourceEntry> {
  readonly source: FeedSource<Entry>
  /** Told everything. What it throws refuses a page of entries, and is ignored otherwise. */
  readonly onEvent: (event: FeedEvent<Entry>) => void
  /** From the start of one pull to the start of the next, at most; jitter makes it up to a fifth shorter. */
  readonly pullIntervalMs: number
  readonly maxStalenessMs: number
  /** A read that takes longer has failed; its late answer is ignored. */
  readonly readTimeoutMs?: number
  /** The first wait after a failure; hints do not shorten it below this. Default: the interval, at most 1 s. */
  readonly retryMinMs?: number
  readonly retryMaxMs?: number
  /** Where an earlier reader stood, whose entries are known; `freshAtWallMs` as it was then. */
  readonly resume?: { readonly position: FeedPosition; readonly freshAtWallMs: number }
  readonly timing?: Timing
}

interface Instants {
  readonly wallMs: number
  readonly monotonicMs: number
}

/** More loads than this within one pull mean a source that contradicts itself. */
const resetsPerPullMax = 3
const jitter = 0.2

export class FeedReader<Entry extends SourceEntry = SourceEntry> {
  readonly #source: FeedSource<Entry>
  readonly #onEvent: (event: FeedEvent<Entry>) => void
  readonly #pullIntervalMs: number
  readonly #maxStalenessMs: number
  readonly #readTimeoutMs: number
  readonly #retryMinMs: number
  readonly #retryMaxMs: number
  readonly #timing: Timing
  readonly #closing = new AbortController()
  readonly #waiters = new Set<{ resolve: () => void; reject: (error: Error) => void }>()
  /** All ends up to here have been handed on. */
  #position: FeedPosition | null = null
  /** Where the next read begins; differs from `#position` while everything is loaded. */
  #next: FeedPosition | null = null
  #whole = true
  #resets = 0
  #reading = false
  #hinted = false
  #failures = 0
  #saidStale = false
  #timer: unknown
  #timerAtMs = 0
  #pullStart: Instants | undefined
  /** The start of the last read that reached the head (rule 35). */
  #freshAt: Instants | undefined

  constructor(options: FeedReaderOptions<Entry>) {
    this.#source = options.source
    this.#onEvent = options.onEvent
    this.#pullIntervalMs = options.pullIntervalMs
    this.#maxStalenessMs = options.maxStalenessMs
    this.#readTimeoutMs = options.readTimeoutMs ?? 10_000
    this.#retryMinMs = options.retryMinMs ?? Math.min(options.pullIntervalMs, 1000)
    this.#retryMaxMs = Math.max(options.retryMaxMs ?? 30_000, this.#retryMinMs)
    this.#timing = options.timing ?? defaultTiming()
    if (options.resume !== undefined) this.#resume(options.resume)
  }

  /** Null until everything was loaded once. */
  get position(): FeedPosition | null {
    return this.#position
  }

  /** Everything was loaded at least once. */
  get ready(): boolean {
    return this.#position !== null
  }

  /** By the wall clock, when the last read began that reached the head. */
  get freshAtWallMs(): number | undefined {
    return this.#freshAt?.wallMs
  }

  /** Pulls that failed in a row. */
  get failures(): number {
    return this.#failures
  }

  /**
   * Since the start of the last read that reached the head, on the clock that says more: after a sleep
   * only the wall clock has moved on (rule 35). Infinity before the first one.
   */
  get stalenessMs(): number {
    const freshAt = this.#freshAt
    return freshAt === undefined ? Number.POSITIVE_INFINITY : this.#since(freshAt)
  }

  get stale(): boolean {
    return this.staleAt(this.#timing.wallMs(), this.#timing.monotonicMs())
  }

  /** The same, as of a look at the clocks that was just taken. */
  staleAt(wallMs: number, monotonicMs: number): boolean {
    const freshAt = this.#freshAt
    if (freshAt === undefined) return true
    const oldest = this.#maxStalenessMs
    return wallMs - freshAt.wallMs > oldest || monotonicMs - freshAt.monotonicMs > oldest
  }

  /** Pulls at once, and from then on by itself. */
  start(): void {
    this.hint()
  }

  /** Something may have ended: pull now. During a pull: once more after it. */
  hint(): void {
    if (this.#closing.signal.aborted) return
    if (this.#reading) {
      this.#hinted = true
      return
    }
    // While the feed is failing, hints must not turn the waiting into a storm.
    const waited = this.#pullStart === undefined ? 0 : this.#since(this.#pullStart)
    const wait = this.#failures === 0 ? 0 : this.#retryMinMs - waited
    if (wait <= 0) void this.#pull()
    else if (this.#timing.monotonicMs() + wait < this.#timerAtMs) this.#schedule(wait)
  }

  /** Resolves once `ready`; rejects when closed before. */
  whenReady(): Promise<void> {
    if (this.ready) return Promise.resolve()
    if (this.#closing.signal.aborted) return Promise.reject(closedError())
    return new Promise((resolve, reject) => this.#waiters.add({ resolve, reject }))
  }

  close(): void {
    this.#closing.abort()
    this.#timing.clearTimer(this.#timer)
    for (const waiter of this.#waiters) waiter.reject(closedError())
    this.#waiters.clear()
  }

  #resume(resume: NonNullable<FeedReaderOptions['resume']>): void {
    this.#position = resume.position
    this.#next = resume.position
    this.#whole = false
    const now = this.#instants()
    const age = now.wallMs - resume.freshAtWallMs
    // From the future: this clock or that one was wrong, so nothing is known about its age.
    if (!(age >= 0)) return
    this.#freshAt = { wallMs: resume.freshAtWallMs, monotonicMs: now.monotonicMs - age }
  }

  async #pull(): Promise<void> {
    this.#timing.clearTimer(this.#timer)
    this.#reading = true
    do {
      this.#hinted = false
      this.#pullStart = this.#instants()
      await this.#readToHead()
      // A failed pull is repeated by the timer alone.
    } while (this.#hinted && this.#failures === 0 && !this.#closing.signal.aborted)
    this.#reading = false
    if (!this.#closing.signal.aborted) this.#schedule(this.#waitMs())
  }

  async #readToHead(): Promise<void> {
    try {
      this.#resets = 0
      for (;;) {
        const startedAt = this.#instants()
        const read = await this.#readOnce(this.#next)
        if (this.#closing.signal.aborted) return
        if (this.#accept(read)) return this.#reached(startedAt)
      }
    } catch (error) {
      this.#failed(error)
    }
  }

  /** True when the head was reached. */
  #accept(read: FeedRead<Entry>): boolean {
    const judged = judge(this.#next, read)
    if (judged.kind === 'reset') {
      this.#startOver(judged.cause)
      return false
    }
    if (read.reset === true && this.#next !== null) this.#startOver('source')
    this.#onEvent({ kind: 'entries', entries: judged.fresh, whole: this.#whole, read })
    this.#next = judged.next
    if (!this.#whole || !read.more) this.#position = judged.next
    return !read.more
  }

  #startOver(cause: ResetCause): void {
    this.#resets += 1
    if (this.#resets > resetsPerPullMax) throw new FeedMalformed('The feed keeps starting over.')
    this.#next = null
    this.#whole = true
    this.#tell({ kind: 'reset', cause })
  }

  #reached(startedAt: Instants): void {
    const whole = this.#whole
    this.#whole = false
    this.#freshAt = startedAt
    this.#failures = 0
    this.#saidStale = false
    if (this.#position !== null) this.#tell({ kind: 'current', position: this.#position, whole })
    for (const waiter of this.#waiters) waiter.resolve()
    this.#waiters.clear()
  }

  #failed(error: unknown): void {
    if (this.#closing.signal.aborted) return
    this.#failures += 1
    this.#tell({ kind: 'error', error, failures: this.#failures })
    if (!this.stale || this.#saidStale) return
    this.#saidStale = true
    this.#tell({ kind: 'stale', stalenessMs: this.stalenessMs })
  }

  /** One read with a time limit. Whatever comes after the limit is ignored. */
  #readOnce(after: FeedPosition | null): Promise<FeedRead<Entry>> {
    const abort = new AbortController()
    const closing = this.#closing.signal
    return new Promise<FeedRead<Entry>>((resolve, reject) => {
      const settle = (act: () => void): void => {
        this.#timing.clearTimer(timer)
        closing.removeEventListener('abort', onClose)
        act()
      }
      const giveUp = (why: Error): void => {
        settle(() => reject(why))
        abort.abort(why)
      }
      const onClose = (): void => giveUp(closedError())
      const timer = this.#timing.setTimer(
        () => giveUp(new Error(`The feed did not answer within ${this.#readTimeoutMs} ms.`)),
        this.#readTimeoutMs,
      )
      closing.addEventListener('abort', onClose)
      this.#ask(after, abort.signal).then(
        (read) => settle(() => resolve(read)),
        (error: unknown) => settle(() => reject(error)),
      )
    })
  }

  /** A source that throws at once fails like one that rejects. */
  async #ask(after: FeedPosition | null, signal: AbortSignal): Promise<FeedRead<Entry>> {
    return await this.#source.read(after, signal)
  }

  #schedule(delayMs: number): void {
    this.#timing.clearTimer(this.#timer)
    this.#timerAtMs = this.#timing.monotonicMs() + delayMs
    this.#timer = this.#timing.setTimer(() => {
      if (!this.#reading && !this.#closing.signal.aborted) void this.#pull()
    }, delayMs)
  }

  #waitMs(): number {
    const factor = 1 - jitter * this.#timing.random()
    if (this.#failures > 0) {
      const doubled = this.#retryMinMs * 2 ** Math.min(this.#failures - 1, 30)
      return Math.min(doubled, this.#retryMaxMs) * factor
    }
    // Counted from the start of the pull: an end committed just after it waits one interval, no more.
    const spent = this.#pullStart === undefined ? 0 : this.#since(this.#pullStart)
    return Math.max(this.#pullIntervalMs * factor - spent, 0)
  }

  /** Tells what cannot be refused: what the listener throws is not the reader's concern. */
  #tell(event: FeedEvent<Entry>): void {
    try {
      this.#onEvent(event)
    } catch {
      // Chosen outcome: go on. Only a page of entries can be refused.
    }
  }

  #instants(): Instants {
    return { wallMs: this.#timing.wallMs(), monotonicMs: this.#timing.monotonicMs() }
  }

  #since(then: Instants): number {
    const wall = this.#timing.wallMs() - then.wallMs
    return Math.max(wall, this.#timing.monotonicMs() - then.monotonicMs)
  }
}

function closedError(): Error {
  return new Error('The feed reader was closed.')
}
