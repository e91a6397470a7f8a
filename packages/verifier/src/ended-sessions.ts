/*
 * What is known of ended sessions, wherever it was learnt: by a pull or the event stream, which are the
 * feed's own word, or by a hint. The only place that decides whether a session counts as ended.
 */
import { Denylist } from './denylist.ts'
import type { FeedEntry } from './feed-entry.ts'
import { Hints } from './hints.ts'
import type { SessionId } from './ids.ts'
import type { Threads } from './threads.ts'

export interface EndedSessionsOptions {
  readonly threads: Threads
  /** Curfew's clock. */
  readonly nowMs: () => number
  readonly denylistLargeAt: number
  readonly onLarge: (size: number) => void
  readonly onEnded: (sid: SessionId) => void
  /** How long an end is remembered at least, so that no second channel tells it again. */
  readonly rememberSeconds: number
}

/** How an end was learnt. `load`: among all that is kept, when nothing was known before. */
export type LearntBy = 'load' | 'reload' | 'news'

/** Beyond the last token's expiry: for what of the two clocks' difference is not corrected. */
const marginSeconds = 120
const sweepEverySeconds = 15

export class EndedSessions {
  readonly #options: EndedSessionsOptions
  readonly #denylist: Denylist
  readonly #hints = new Hints()
  #sweptAtSeconds = 0

  constructor(options: EndedSessionsOptions) {
    this.#options = options
    const { denylistLargeAt, onLarge } = options
    this.#denylist = new Denylist({ capacityMax: denylistLargeAt, onCapacityMax: onLarge })
  }

  get size(): number {
    return this.#denylist.size
  }

  get bytes(): number {
    return this.#denylist.bytes
  }

  has(sid: SessionId, nowMs: number): boolean {
    return this.#denylist.has(sid) || this.#hints.has(sid, nowMs)
  }

  /** The feed's own word. */
  learn({ sid, exp }: FeedEntry, by: LearntBy): void {
    const { threads, onEnded, rememberSeconds } = this.#options
    const nowSeconds = this.#options.nowMs() / 1000
    const isNew = !this.#denylist.has(sid)
    const counts = exp + marginSeconds > nowSeconds
    const keepUntil = Math.max(
      exp + marginSeconds,
      by === 'news' ? nowSeconds + rememberSeconds : 1,
    )
    if (counts || by === 'news') this.#denylist.add(sid, keepUntil)
    const wasHere = threads.end(sid)
    if (wasHere || (isNew && (by === 'news' || (by === 'reload' && counts)))) onEnded(sid)
  }

  /** A channel that is not trusted says so. False when there is no room for more of that. */
  hint({ sid, exp }: FeedEntry): boolean {
    return this.#denylist.has(sid) || this.#hints.add(sid, exp, this.#options.nowMs())
  }

  asked(): void {
    this.#hints.asked()
  }

  /** A pull has reached the head. */
  current(): void {
    this.#hints.answered()
    const nowSeconds = Math.floor(this.#options.nowMs() / 1000)
    const since = nowSeconds - this.#sweptAtSeconds
    if (since >= 0 && since < sweepEverySeconds) return
    this.#sweptAtSeconds = nowSeconds
    this.#denylist.sweep(nowSeconds)
  }

  export(): Uint8Array<ArrayBuffer> {
    return this.#denylist.export()
  }

  import(bytes: Uint8Array): void {
    this.#denylist.import(bytes)
  }
}
