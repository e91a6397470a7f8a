import type { Timing } from './timing.ts'

export interface Instants {
  readonly wallMs: number
  readonly monotonicMs: number
}

/** How fast two clocks may drift apart: 200 parts in a million. */
const driftPerMs = 0.0002
/** The two local clocks differ by more than this only after a sleep, or when somebody set the wall clock. */
const jumpMs = 1000
/** Of a wider window the wall clock may be at the wrong end: a second, and a quick answer. */
const narrowMs = 1100

/**
 * Curfew's clock, as far as it can be known here (rule 39). `Curfew-Now` is cut to the second, so one
 * answer leaves a window of a second and the round trip; the windows of many answers are intersected. Where
 * the wall clock lies within, nothing speaks against it, and it is finer than seconds; else the middle
 * stands. Carried on by the monotonic clock, and by the wall clock over a sleep.
 */
export class ServerClock {
  readonly #timing: Timing
  /** Server minus monotonic clock lies between these two. */
  #low = Number.NEGATIVE_INFINITY
  #high = Number.POSITIVE_INFINITY
  /** Wall minus monotonic clock, and when it was taken. */
  #wallAhead = 0
  #observedAt = Number.NEGATIVE_INFINITY

  readonly #onDoubt: () => void
  #doubted = false

  /** `onDoubt`: the two local clocks no longer agree, so that only the server knows what time it is. */
  constructor(timing: Timing, onDoubt: () => void = () => undefined) {
    this.#timing = timing
    this.#onDoubt = onDoubt
  }

  instants(): Instants {
    return { wallMs: this.#timing.wallMs(), monotonicMs: this.#timing.monotonicMs() }
  }

  /** An answer to a question of that time said that it is now this second. */
  observe(serverSeconds: number, askedAt: Instants): void {
    const now = this.instants()
    const low = serverSeconds * 1000 - now.monotonicMs
    const high = (serverSeconds + 1) * 1000 - askedAt.monotonicMs
    const drift = (now.monotonicMs - this.#observedAt) * driftPerMs
    const jumped = Math.abs(now.wallMs - now.monotonicMs - this.#wallAhead) > jumpMs
    const lowest = Math.max(low, this.#low - drift)
    const highest = Math.min(high, this.#high + drift)
    const fits = !jumped && lowest <= highest
    this.#low = fits ? lowest : low
    this.#high = fits ? highest : high
    this.#wallAhead = now.wallMs - now.monotonicMs
    this.#observedAt = now.monotonicMs
    this.#doubted = false
  }

  /** Milliseconds. Before the first answer it is the wall clock of this machine. */
  nowMs(): number {
    return this.nowAt(this.#timing.wallMs(), this.#timing.monotonicMs())
  }

  /** The same, as of a look at the local clocks that was just taken. */
  nowAt(wallMs: number, monotonicMs: number): number {
    if (this.#low === Number.NEGATIVE_INFINITY) return wallMs
    const ahead = wallMs - monotonicMs
    const slept = ahead - this.#wallAhead
    const jumped = Math.abs(slept) > jumpMs
    if (jumped) this.#doubt()
    else if (this.#high - this.#low <= narrowMs && ahead >= this.#low && ahead <= this.#high) {
      return wallMs
    }
    // After a sleep the monotonic clock is behind. Of the two the later one: an expired token stays so.
    return monotonicMs + (this.#low + this.#high) / 2 + (slept > jumpMs ? slept : 0)
  }

  /** Said once; the next answer settles it. */
  #doubt(): void {
    if (this.#doubted) return
    this.#doubted = true
    this.#onDoubt()
  }
}
