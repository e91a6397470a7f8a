import type { FeedEntry } from '#authority'
import type { Epoch } from '#domain'
import type { TailNews } from './subscribers.ts'

export interface Heard {
  readonly epoch: Epoch
  readonly entry: FeedEntry
}

/** What one subscriber has heard of the tail and not yet sent: bounded, and woken by whatever happens. */
export class StreamBuffer {
  /** Pages have to be read before what is heard can be sent. */
  behind = true
  keepAliveDue = false
  /** Grows each time that something was let go of: what is heard no longer joins what was sent. */
  overflows = 0
  readonly #streamBufferMax: number
  #heard: Heard[] = []
  #taken = 0
  #wake: (() => void) | undefined

  constructor(streamBufferMax: number) {
    this.#streamBufferMax = streamBufferMax
  }

  /** Nothing to do until somebody wakes it. */
  get isQuiet(): boolean {
    return !this.behind && !this.keepAliveDue && this.#taken === this.#heard.length
  }

  hear(news: TailNews): void {
    if (news.kind === 'reset' || this.#waiting() + news.entries.length > this.#streamBufferMax) {
      this.fallBehind()
    } else {
      const { epoch } = news.cursor
      for (const entry of news.entries) this.#heard.push({ epoch, entry })
    }
    this.wake()
  }

  take(): Heard | undefined {
    const heard = this.#heard[this.#taken]
    if (heard === undefined) return undefined
    this.#taken += 1
    if (this.#taken === this.#heard.length) this.#empty()
    return heard
  }

  fallBehind(): void {
    this.#empty()
    this.overflows += 1
    this.behind = true
  }

  wake(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #waiting(): number {
    return this.#heard.length - this.#taken
  }

  #empty(): void {
    this.#heard = []
    this.#taken = 0
  }
}
