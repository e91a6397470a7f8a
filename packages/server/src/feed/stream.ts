/*
 * One subscriber's way through the feed. Modes and the legal moves between them:
 *
 *   catching up -> following     the pages have met what the tail delivered meanwhile
 *   following   -> catching up   the buffer overflowed, the tail was reset, or a number is missing
 *
 * The subscription begins before the first page, so between the two modes nothing can be lost; what
 * both have is dropped by its number.
 */
import { defaultTiming, type Timing } from '@curfew/verifier/feed'
import {
  type FeedEntry,
  type FeedPage,
  type FeedPosition,
  type FeedStore,
  StoreUnavailable,
} from '#authority'
import { type FeedCursor, type Instant, toSeconds } from '#domain'
import { StreamBuffer } from './stream-buffer.ts'
import type { TailListener } from './subscribers.ts'

export type StreamItem =
  | { readonly kind: 'entry'; readonly cursor: FeedCursor; readonly entry: FeedEntry }
  /** The position was not known, or what followed it is gone: all that still counts follows. */
  | { readonly kind: 'reset'; readonly cursor: FeedCursor }
  | { readonly kind: 'keepalive' }

export interface StreamOptions {
  readonly store: Pick<FeedStore, 'page'>
  readonly tail: { subscribe(listener: TailListener): () => void }
  readonly now: () => Instant
  readonly position: FeedPosition
  /** Every end, also of sessions whose tokens have all expired. */
  readonly all: boolean
  /** Ends the stream. */
  readonly signal: AbortSignal
  readonly keepAliveMs?: number
  /** Ends that wait for a slow reader; beyond, it goes back to reading pages, and loses nothing. */
  readonly streamBufferMax?: number
  readonly pageLimit?: number
  readonly timing?: StreamTiming
}

type StreamTiming = Pick<Timing, 'setTimer' | 'clearTimer'>

const keepAliveDefaultMs = 15_000
const streamBufferDefault = 1000
const pageLimitDefault = 500
const retryMs = 1000

/**
 * Every end from a position on, each once and in order, until the signal aborts. A store that is out
 * of reach is waited for.
 *
 * @throws StoreUnavailable when the very first page cannot be read
 */
export async function* openStream(options: StreamOptions): AsyncGenerator<StreamItem, void, void> {
  const { signal, timing = defaultTiming(), keepAliveMs = keepAliveDefaultMs } = options
  if (signal.aborted) return
  const buffer = new StreamBuffer(options.streamBufferMax ?? streamBufferDefault)
  const unsubscribe = options.tail.subscribe((news) => buffer.hear(news))
  const wake = (): void => buffer.wake()
  let timer: unknown
  const keepAlive = (): void => {
    buffer.keepAliveDue = true
    wake()
    timer = timing.setTimer(keepAlive, keepAliveMs)
  }
  timer = timing.setTimer(keepAlive, keepAliveMs)
  signal.addEventListener('abort', wake)
  try {
    yield* new Run(options, buffer, timing).items()
  } finally {
    unsubscribe()
    timing.clearTimer(timer)
    signal.removeEventListener('abort', wake)
  }
}

class Run {
  readonly #options: StreamOptions
  readonly #buffer: StreamBuffer
  readonly #timing: StreamTiming
  #position: FeedPosition
  #reached: FeedCursor | undefined

  constructor(options: StreamOptions, buffer: StreamBuffer, timing: StreamTiming) {
    this.#timing = timing
    this.#options = options
    this.#buffer = buffer
    this.#position = options.position
  }

  async *items(): AsyncGenerator<StreamItem, void, void> {
    const { signal } = this.#options
    const buffer = this.#buffer
    while (!signal.aborted) {
      if (buffer.keepAliveDue) {
        buffer.keepAliveDue = false
        yield { kind: 'keepalive' }
      } else if (buffer.behind) {
        yield* this.#catchUp()
      } else {
        const item = this.#next()
        if (item !== undefined) yield item
        else if (buffer.isQuiet) await buffer.woken()
      }
    }
  }

  /** One page; `behind` ends with the last one, unless the buffer overflowed meanwhile. */
  async *#catchUp(): AsyncGenerator<StreamItem, void, void> {
    const overflows = this.#buffer.overflows
    const page = await this.#page()
    if (page === undefined || this.#options.signal.aborted) return
    const { epoch } = page.head
    if (page.reset) yield { kind: 'reset', cursor: resetCursor(page) }
    for (const entry of page.entries) {
      const cursor = { epoch, seq: entry.seq }
      // Moved before it is handed out: whoever stops here and goes on later must not get it twice.
      this.#reach(cursor)
      yield { kind: 'entry', cursor, entry }
      if (this.#options.signal.aborted) return
    }
    this.#reach(page.cursor)
    if (!page.more && this.#buffer.overflows === overflows) this.#buffer.behind = false
  }

  #reach(cursor: FeedCursor): void {
    this.#reached = cursor
    this.#position = { kind: 'cursor', cursor }
  }

  async #page(): Promise<FeedPage | undefined> {
    const { store, all, pageLimit = pageLimitDefault } = this.#options
    try {
      return await store.page({ position: this.#position, all, limit: pageLimit })
    } catch (error) {
      // Before the first page the caller can still answer 503; later the stream waits for the store.
      if (this.#reached === undefined || !(error instanceof StoreUnavailable)) throw error
      await this.#pause()
      return undefined
    }
  }

  /** Waits for a retry, a keepalive or the end, whichever comes first. */
  async #pause(): Promise<void> {
    const timing = this.#timing
    const timer = timing.setTimer(() => this.#buffer.wake(), retryMs)
    try {
      if (!this.#options.signal.aborted && !this.#buffer.keepAliveDue) await this.#buffer.woken()
    } finally {
      timing.clearTimer(timer)
    }
  }

  /** The next end that the tail delivered and this subscriber wants. */
  #next(): StreamItem | undefined {
    const heard = this.#buffer.take()
    if (heard === undefined || this.#reached === undefined) return undefined
    const { entry, epoch } = heard
    if (epoch === this.#reached.epoch && entry.seq <= this.#reached.seq) return undefined
    if (epoch !== this.#reached.epoch || entry.seq !== this.#reached.seq + 1) {
      this.#buffer.fallBehind()
      return undefined
    }
    const cursor = { epoch, seq: entry.seq }
    this.#reach(cursor)
    const wanted = this.#options.all || entry.exp > toSeconds(this.#options.now())
    return wanted ? { kind: 'entry', cursor, entry } : undefined
  }
}

/** Before the first of what follows: whoever resumes here gets all of it, or is reset once more. */
function resetCursor(page: FeedPage): FeedCursor {
  const first = page.entries[0]
  return first === undefined ? page.cursor : { epoch: page.head.epoch, seq: first.seq - 1 }
}
