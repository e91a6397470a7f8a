import type { FeedPosition, FeedRead, FeedSource } from '@curfew/verifier/feed'
import type { FeedEntry, TailRead } from '#authority'
import type { Epoch, EpochSeconds, FeedCursor, Instant } from '#domain'
import type { TailClock, TailStore } from './tail.ts'
import type { TailSignals } from './tail-signals.ts'

export interface TailEntry extends FeedEntry {
  readonly keepUntilSeconds: number
}

export interface StoreSourceOptions {
  readonly store: Pick<TailStore, 'tail' | 'renewEpoch'>
  readonly clock: Pick<TailClock, 'observe' | 'processNow'>
  readonly signals: TailSignals
  readonly keepUntil: (exp: EpochSeconds, at: Instant) => number
}

/**
 * The server's own store as a source of ends. It also sees to what every read tells on the side: the
 * store's clock, the version of the keys, and whether the store was restored (rule 7).
 */
export class StoreSource implements FeedSource<TailEntry> {
  readonly #options: StoreSourceOptions
  /** The highest number known to have been given in this epoch. A head below it means: restored. */
  #mark: FeedCursor | undefined
  #keysVersion: number | undefined
  #storeSeconds = 0

  constructor(options: StoreSourceOptions) {
    this.#options = options
  }

  /** The store's time as of the last read. */
  get storeSeconds(): number {
    return this.#storeSeconds
  }

  /** This process was given that number. */
  mark(seq: number): void {
    if (this.#mark !== undefined && seq > this.#mark.seq) this.#mark = { ...this.#mark, seq }
  }

  /** Somebody else was given that number (rule 7). One of another epoch says nothing about this one. */
  heard(mark: FeedCursor): void {
    const own = this.#mark
    if (own === undefined || (mark.epoch === own.epoch && mark.seq > own.seq)) this.#mark = mark
  }

  async read(after: FeedPosition | null, signal: AbortSignal): Promise<FeedRead<TailEntry>> {
    // Taken before the read: a number that is given meanwhile need not be in it.
    const mark = this.#mark
    const read = await this.#tail(after === null ? null : after.seq, signal)
    if (mark === undefined || read.head.epoch !== mark.epoch || read.head.seq >= mark.seq) {
      this.#remember(read.head)
      return this.#page(read, false)
    }
    return await this.#restored(mark.epoch, signal)
  }

  async #restored(epoch: Epoch, signal: AbortSignal): Promise<FeedRead<TailEntry>> {
    const renewed = await this.#options.store.renewEpoch(epoch)
    this.#options.signals.renewed?.(renewed)
    const read = await this.#tail(null, signal)
    this.#remember(read.head)
    return this.#page(read, true)
  }

  async #tail(afterSeq: number | null, signal: AbortSignal): Promise<TailRead> {
    const { store, clock, signals } = this.#options
    const sentAt = clock.processNow()
    const read = await store.tail(afterSeq)
    // An answer that nobody waits for any more must not move the mark back.
    signal.throwIfAborted()
    clock.observe(read.now, sentAt, clock.processNow())
    this.#storeSeconds = Math.floor(read.now / 1000)
    if (read.keysVersion !== this.#keysVersion) {
      this.#keysVersion = read.keysVersion
      signals.keysChanged?.(read.keysVersion)
    }
    return read
  }

  #remember(head: FeedCursor): void {
    const mark = this.#mark
    if (mark?.epoch !== head.epoch || head.seq > mark.seq) this.#mark = head
  }

  #page(read: TailRead, reset: boolean): FeedRead<TailEntry> {
    const { keepUntil } = this.#options
    return {
      epoch: read.head.epoch,
      headSeq: read.head.seq,
      entries: read.entries.map((entry) => ({
        ...entry,
        keepUntilSeconds: keepUntil(entry.exp, entry.at),
      })),
      more: read.more,
      floorSeq: read.floor,
      reset,
      nowMs: read.now,
    }
  }
}
