import type { FeedEntry } from '#authority'
import type { FeedCursor } from '#domain'

export type TailNews =
  /** New ends, in order; `cursor` is the position after the last one. */
  | {
      readonly kind: 'entries'
      readonly entries: readonly FeedEntry[]
      readonly cursor: FeedCursor
    }
  /** What came before and what comes now need not join: read pages from where you are. */
  | { readonly kind: 'reset' }

/** Must not throw, and must not wait. */
export type TailListener = (news: TailNews) => void

/** Those who want every end in order, each exactly once as long as there is no reset. */
export class Subscribers {
  readonly #listeners = new Set<{ readonly listener: TailListener }>()

  get size(): number {
    return this.#listeners.size
  }

  add(listener: TailListener): () => void {
    const own = { listener }
    this.#listeners.add(own)
    return () => {
      this.#listeners.delete(own)
    }
  }

  tell(news: TailNews): void {
    for (const { listener } of [...this.#listeners]) {
      try {
        listener(news)
      } catch {
        // Chosen outcome: one faulty listener must not keep the tail from taking the page over.
      }
    }
  }
}
