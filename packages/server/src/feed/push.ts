/*
 * Every end, told on a channel after its commit (API.md, section 6). Best effort: whoever must not miss one
 * reads the feed, so nothing here is tried twice, and whoever ended the session never waits for it.
 */
import type { RecordedEnd } from '#authority'

export interface PushSignals {
  published?(): void
  /** It was not published, or nobody knows. */
  failed?(): void
  /** Too many waited already. */
  dropped?(): void
}

export interface EndsPushOptions {
  /** To all who listen; main joins it with a channel. */
  readonly publish: (message: string) => Promise<void>
  readonly signals?: PushSignals
  readonly pushQueueMax?: number
}

const pushQueueMaxDefault = 10_000
/** So many are under way at once, in their order on one connection. */
const batchMax = 100

export class EndsPush {
  readonly #publish: (message: string) => Promise<void>
  readonly #signals: PushSignals
  readonly #pushQueueMax: number
  #waiting: RecordedEnd[] = []
  #sending: Promise<void> | undefined

  constructor({ publish, signals = {}, pushQueueMax = pushQueueMaxDefault }: EndsPushOptions) {
    this.#publish = publish
    this.#signals = signals
    this.#pushQueueMax = pushQueueMax
  }

  /** Ends that wait to be told. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Its end has been committed. Never throws, never waits. */
  push(ended: RecordedEnd): void {
    if (this.#waiting.length >= this.#pushQueueMax) {
      this.#signals.dropped?.()
      return
    }
    this.#waiting.push(ended)
    this.#sending ??= this.#send()
  }

  /** Resolves when all that was pushed until now has been told or given up. */
  async idle(): Promise<void> {
    await this.#sending
  }

  async #send(): Promise<void> {
    // What ended together is told together.
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchMax)
      await Promise.all(batch.map((ended) => this.#tell(ended)))
    }
    this.#sending = undefined
  }

  async #tell(ended: RecordedEnd): Promise<void> {
    try {
      await this.#publish(pushMessage(ended))
      this.#signals.published?.()
    } catch {
      // Chosen outcome: the next pull of each verifier has it.
      this.#signals.failed?.()
    }
  }
}

/** An entry of the feed with its position, so that a lost message shows as a gap. */
export function pushMessage({ epoch, end, jti, sid, exp }: RecordedEnd): string {
  return JSON.stringify({ epoch, seq: end.seq, jti, sid, exp })
}
