import type { Session } from '#domain'

export type SessionNews =
  | { readonly kind: 'session'; readonly session: Session }
  /** More happened than was told: load the lists anew. */
  | { readonly kind: 'missed' }

/** News that wait for one slow reader; beyond that it is told that it has missed some. */
const waitingMax = 1000

/** What one console has still to be told. Ends when the signal aborts. */
export class NewsQueue implements AsyncIterator<SessionNews> {
  readonly #signal: AbortSignal
  readonly #leave: () => void
  #waiting: SessionNews[] = []
  #wake: () => void = () => undefined

  constructor(signal: AbortSignal, leave: (queue: NewsQueue) => void) {
    this.#signal = signal
    this.#leave = () => {
      leave(this)
      this.#wake()
    }
    signal.addEventListener('abort', this.#leave, { once: true })
  }

  push(news: SessionNews): void {
    if (this.#waiting.length >= waitingMax) this.#waiting = [{ kind: 'missed' }]
    else this.#waiting.push(news)
    this.#wake()
  }

  async next(): Promise<IteratorResult<SessionNews, undefined>> {
    for (;;) {
      if (this.#signal.aborted) return { done: true, value: undefined }
      const value = this.#waiting.shift()
      if (value !== undefined) return { done: false, value }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async return(): Promise<IteratorResult<SessionNews, undefined>> {
    this.#signal.removeEventListener('abort', this.#leave)
    this.#leave()
    return { done: true, value: undefined }
  }
}
