/*
 * The tail: every end of the store's feed, in this process, in order. Modes and the legal moves:
 *
 *   starting  -> following   everything that is kept was loaded; only then is it `ready`
 *   following -> loading     the epoch changed, a number is missing, rows were pruned, the head went back
 *   loading   -> following   everything was loaded again; the denylist kept what it held (rule 7)
 *
 * While it is not following, `epoch` is undefined, so that no snapshot answers. Reads that fail change
 * no mode: they make it `stale`, once `maxStalenessMs` has passed since the last good one (rule 35).
 */
import {
  Denylist as EndedSessions,
  type FeedEvent,
  FeedReader,
  type Timing,
} from '@curfew/verifier/feed'
import type { Denylist, RecordedEnd, Store } from '#authority'
import {
  type Epoch,
  type EpochSeconds,
  type FeedCursor,
  type Instant,
  type SessionId,
  toSeconds,
} from '#domain'
import { Floor } from './floor.ts'
import { StoreSource, type TailEntry } from './store-source.ts'
import { Subscribers, type TailListener } from './subscribers.ts'
import type { TailSignals } from './tail-signals.ts'

export type TailStore = Pick<Store, 'tail' | 'renewEpoch' | 'onHint'>

/** The process's estimate of the store's clock, as far as the tail feeds it. */
export interface TailClock {
  now(): Instant
  processNow(): number
  observe(storeNow: Instant, sentAt: number, receivedAt: number): void
  lost(): void
}

export interface TailOptions {
  readonly store: TailStore
  readonly clock: TailClock
  readonly pullIntervalMs: number
  readonly maxStalenessMs: number
  readonly readTimeoutMs?: number
  /** From how many entries on the denylist calls for help; it is never cut. */
  readonly denylistLargeAt?: number
  readonly signals?: TailSignals
  readonly timing?: Timing
}

/** At least so long after an end it is denied here: far longer than any snapshot lives (rule 5). */
const keepAfterEndSeconds = 3600
/** Beyond that, for clocks that differ and reads that take their time. */
const keepMarginSeconds = 120
const sweepEverySeconds = 15
const retryMaxMs = 5000

export class Tail implements Denylist {
  readonly #clock: TailClock
  readonly #pullIntervalMs: number
  readonly #signals: TailSignals
  readonly #ended: EndedSessions
  readonly #floor = new Floor()
  readonly #source: StoreSource
  readonly #reader: FeedReader<TailEntry>
  readonly #subscribers = new Subscribers()
  readonly #stopHints: () => void
  #following: FeedCursor | undefined
  #sweptAtSeconds = 0
  #lagSeconds = 0

  constructor(options: TailOptions) {
    const { store, clock, signals = {}, denylistLargeAt = 1_000_000 } = options
    this.#clock = clock
    this.#pullIntervalMs = options.pullIntervalMs
    this.#signals = signals
    this.#ended = new EndedSessions({
      capacityMax: denylistLargeAt,
      onCapacityMax: (size) => signals.denylistLarge?.(size),
    })
    this.#source = new StoreSource({ store, clock, signals, keepUntil })
    this.#reader = new FeedReader<TailEntry>({
      source: this.#source,
      onEvent: (event) => this.#onEvent(event),
      pullIntervalMs: options.pullIntervalMs,
      maxStalenessMs: options.maxStalenessMs,
      retryMaxMs,
      ...(options.readTimeoutMs === undefined ? {} : { readTimeoutMs: options.readTimeoutMs }),
      ...(options.timing === undefined ? {} : { timing: options.timing }),
    })
    this.#stopHints = store.onHint(() => this.#reader.hint())
  }

  /** Reads at once, and from then on by itself. */
  start(): void {
    this.#reader.start()
  }

  /** Resolves once everything that is kept was loaded; rejects when closed before. */
  whenReady(): Promise<void> {
    return this.#reader.whenReady()
  }

  close(): void {
    this.#stopHints()
    this.#reader.close()
  }

  denies(sid: SessionId): boolean {
    return this.#ended.has(sid)
  }

  deny(ended: RecordedEnd): void {
    this.#ended.add(ended.sid, keepUntil(ended.exp, ended.end.at))
    this.#source.mark(ended.end.seq)
    // This process needs nothing more; those who listen to it are told at once.
    if (this.#subscribers.size > 0) this.#reader.hint()
  }

  /** Something may have ended: read now. */
  hint(): void {
    this.#reader.hint()
  }

  /** A number that this feed is known to have given elsewhere: a head below it was restored (rule 7). */
  heardMark(mark: FeedCursor): void {
    this.#source.heard(mark)
    this.#reader.hint()
  }

  subscribe(listener: TailListener): () => void {
    return this.#subscribers.add(listener)
  }

  /** Undefined while it is not certain: nothing may be answered from memory then. */
  get epoch(): Epoch | undefined {
    return this.#following?.epoch
  }

  /** Up to where the feed was read; undefined while it is loaded. */
  get cursor(): FeedCursor | undefined {
    return this.#following
  }

  /** The denylist holds every end with a higher number. */
  get floor(): number {
    return this.#floor.value
  }

  get ready(): boolean {
    return this.#reader.ready
  }

  get stale(): boolean {
    return this.#reader.stale
  }

  /** Since the start of the last good read; Infinity before the first. */
  get stalenessMs(): number {
    return this.#reader.stalenessMs
  }

  /** How long after its commit the newest end of another process became known here. */
  get lagSeconds(): number {
    return this.#lagSeconds
  }

  /** How many sessions are denied from memory. */
  get denied(): number {
    return this.#ended.size
  }

  get subscribers(): number {
    return this.#subscribers.size
  }

  #onEvent(event: FeedEvent<TailEntry>): void {
    switch (event.kind) {
      case 'entries':
        this.#take(event)
        return
      case 'current':
        this.#follow(event)
        return
      case 'reset':
        this.#following = undefined
        this.#floor.restart()
        this.#signals.lost?.(event.cause === 'source' ? 'restored' : event.cause)
        return
      case 'error':
        this.#failed(event.error, event.failures)
        return
      case 'stale':
        this.#signals.stale?.(event.stalenessMs)
        return
      default:
        event satisfies never
    }
  }

  #take({ entries, whole, read }: FeedEvent<TailEntry> & { readonly kind: 'entries' }): void {
    // Only a load begins below what the store still has; later pruning there takes nothing from here.
    if (whole) this.#floor.raise(read.floorSeq ?? 0)
    const nowSeconds = Math.floor(read.nowMs / 1000)
    for (const entry of entries) {
      if (!whole && !this.#ended.has(entry.sid)) {
        this.#lagSeconds = Math.max(this.#clock.now() - entry.at, 0) / 1000
      }
      this.#floor.note(entry.seq, entry.keepUntilSeconds)
      if (entry.keepUntilSeconds > nowSeconds) this.#ended.add(entry.sid, entry.keepUntilSeconds)
      else this.#floor.raise(entry.seq)
    }
    const last = entries.at(-1)
    if (whole || last === undefined) return
    const cursor = { epoch: read.epoch as Epoch, seq: last.seq }
    this.#subscribers.tell({ kind: 'entries', entries, cursor })
  }

  #follow(event: FeedEvent<TailEntry> & { readonly kind: 'current' }): void {
    const { epoch, seq } = event.position
    this.#following = { epoch: epoch as Epoch, seq }
    this.#signals.followed?.(this.#following)
    this.#sweep()
    if (event.whole) this.#subscribers.tell({ kind: 'reset' })
  }

  /** By the store's own time as it was just read, never by an estimate: what leaves does not return. */
  #sweep(): void {
    const nowSeconds = this.#source.storeSeconds
    if (nowSeconds >= this.#sweptAtSeconds && nowSeconds < this.#sweptAtSeconds + sweepEverySeconds)
      return
    this.#sweptAtSeconds = nowSeconds
    // The floor first: at no moment may it promise what the denylist has let go of.
    this.#floor.sweep(nowSeconds)
    this.#ended.sweep(nowSeconds)
  }

  #failed(error: unknown, failures: number): void {
    // Two intervals: one may always have passed since the last read, the other one is the failure.
    if (this.#reader.stalenessMs >= 2 * this.#pullIntervalMs) this.#clock.lost()
    this.#signals.failed?.(error, failures)
  }
}

/** Until which second an end is denied here: as long as any token or snapshot of it could still count. */
function keepUntil(exp: EpochSeconds, at: Instant): number {
  return Math.max(exp, toSeconds(at) + keepAfterEndSeconds) + keepMarginSeconds
}
