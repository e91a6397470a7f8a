import type { Timing } from './timing.ts'

/** Hints, however many, cause a pull at most so often: nobody can make us flood the server. */
export const hintedPullMs = 20

/** Pulls now, or as soon as the last pull that it caused is long enough ago. */
export class PullSoon {
  readonly #timing: Timing
  readonly #pull: () => void
  #pulledAtMs = Number.NEGATIVE_INFINITY
  #timer: unknown

  constructor(timing: Timing, pull: () => void) {
    this.#timing = timing
    this.#pull = pull
  }

  ask(): void {
    if (this.#timer !== undefined) return
    const waitMs = this.#pulledAtMs + hintedPullMs - this.#timing.monotonicMs()
    if (waitMs <= 0) this.#now()
    else this.#timer = this.#timing.setTimer(() => this.#now(), waitMs)
  }

  close(): void {
    this.#timing.clearTimer(this.#timer)
  }

  #now(): void {
    this.#timer = undefined
    this.#pulledAtMs = this.#timing.monotonicMs()
    this.#pull()
  }
}
