/** So many failures one after the other, and nothing more is tried for a while. */
const failuresMaxDefault = 5
const openMsDefault = 1000

export interface BreakerOptions {
  readonly failuresMax?: number
  readonly openMs?: number
}

/**
 * Keeps a server that is slow or dead from costing every request its time-out. Modes and the legal moves:
 *
 *   closed -> open    by `failuresMax` failures in a row
 *   open   -> trial   after `openMs`: one command is let through, all others are still refused
 *   trial  -> closed  by any answer
 *   trial  -> open    by a failure
 *
 * `now` is any monotonic clock in milliseconds.
 */
export class Breaker {
  readonly #failuresMax: number
  readonly #openMs: number
  #mode: 'closed' | 'open' | 'trial' = 'closed'
  #failures = 0
  #openedAt = 0

  constructor({ failuresMax = failuresMaxDefault, openMs = openMsDefault }: BreakerOptions = {}) {
    this.#failuresMax = failuresMax
    this.#openMs = openMs
  }

  /** Not every command is let through. */
  get open(): boolean {
    return this.#mode !== 'closed'
  }

  /** Whether a command may be sent now; whoever is let through says how it went. */
  admits(now: number): boolean {
    if (this.#mode === 'closed') return true
    if (this.#mode === 'trial' || now < this.#openedAt + this.#openMs) return false
    this.#mode = 'trial'
    return true
  }

  /** It answered, be it with an error of its own. */
  answered(): void {
    this.#mode = 'closed'
    this.#failures = 0
  }

  failed(now: number): void {
    this.#failures += 1
    if (this.#mode === 'closed' && this.#failures < this.#failuresMax) return
    this.#mode = 'open'
    this.#openedAt = now
  }
}
