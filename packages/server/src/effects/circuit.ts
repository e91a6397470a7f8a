/*
 * Whether a target is asked at all: one that is down costs one attempt at a time, not one for each row.
 *
 *   closed (all places) -> resting (failures in a row: none) -> trying (one at a time) -> closed
 *                                                                                      -> resting, longer
 */

const failuresMax = 3
const restMsFirst = 1000
const restMsMax = 60_000

export class Circuit {
  readonly #places: number
  #failures = 0
  #restUntil = 0

  constructor(places: number) {
    this.#places = places
  }

  /** How many attempts may be under way now. */
  places(now: number): number {
    if (now < this.#restUntil) return 0
    return this.#failures < failuresMax ? this.#places : 1
  }

  succeeded(): void {
    this.#failures = 0
    this.#restUntil = 0
  }

  /** `retryAfterMs`: how long the target itself asks to be left alone. */
  failed(now: number, retryAfterMs: number | null): void {
    this.#failures += 1
    const excess = this.#failures - failuresMax
    const restMs = excess < 0 ? 0 : Math.min(restMsMax, restMsFirst * 2 ** Math.min(excess, 30))
    const askedMs = Math.min(restMsMax, retryAfterMs ?? 0)
    this.#restUntil = Math.max(this.#restUntil, now + Math.max(restMs, askedMs))
  }
}
