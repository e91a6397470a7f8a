import type { Clock } from '#authority'
import { type Instant, instant } from '#domain'

export interface StoreClockOptions {
  /** An offset that moves by more than this, beyond what the round trip explains, is not believed. */
  readonly clockJumpMaxMs?: number
  /** This process's own clock in milliseconds. */
  readonly processNow?: () => number
  readonly onJump?: (movedByMs: number) => void
}

interface Observation {
  readonly offsetMs: number
  readonly roundTripMs: number
}

/** Out of these many, the observation with the shortest round trip says the offset best. */
const recentMax = 8
/** Observations in a row that have to agree before an offset is believed again. */
const agreeingMin = 3

/**
 * The store's clock, as this process estimates it (rule 6). Modes and the legal moves between them:
 *
 *   unknown  -> trusted   by the first observation
 *   trusted  -> doubtful  when the offset jumps
 *   doubtful -> trusted   by observations that agree
 *
 * In every mode `now` is the best guess; that it is only a guess is for readiness to say.
 */
export class StoreClock implements Clock {
  readonly #clockJumpMaxMs: number
  readonly #processNow: () => number
  readonly #onJump: (movedByMs: number) => void
  #recent: readonly Observation[] = []
  #offsetMs = 0
  #mode: 'unknown' | 'trusted' | 'doubtful' = 'unknown'
  #lost = false
  #regainedAt: Instant = instant(0)

  constructor(options: StoreClockOptions = {}) {
    this.#clockJumpMaxMs = options.clockJumpMaxMs ?? 1000
    this.#processNow = options.processNow ?? processClock
    this.#onJump = options.onJump ?? (() => undefined)
  }

  now(): Instant {
    return instant(Math.max(Math.floor(this.#processNow() + this.#offsetMs), 0))
  }

  regainedAt(): Instant {
    return this.#regainedAt
  }

  /** False: not ready. The store's clock is unknown, or its offset jumped and is being learned anew. */
  get trusted(): boolean {
    return this.#mode === 'trusted'
  }

  /** Database minus process. */
  get offsetMs(): number {
    return this.#offsetMs
  }

  /** The process's own clock, for the two stamps of an observation. */
  processNow(): number {
    return this.#processNow()
  }

  /** The store said `storeNow` somewhere between `sentAt` and `receivedAt` of the process's clock. */
  observe(storeNow: Instant, sentAt: number, receivedAt: number): void {
    const roundTripMs = receivedAt - sentAt
    // The process's clock was set back meanwhile: this observation says nothing.
    if (!(roundTripMs >= 0)) return
    this.#learn({ offsetMs: storeNow - (sentAt + receivedAt) / 2, roundTripMs })
    if (!this.#lost) return
    this.#lost = false
    this.#regainedAt = this.now()
  }

  /** The store could not be asked. The next observation is the moment of regaining it (rule 11). */
  lost(): void {
    this.#lost = true
  }

  #learn(seen: Observation): void {
    const movedByMs = seen.offsetMs - this.#offsetMs
    const jumped = Math.abs(movedByMs) > this.#clockJumpMaxMs + this.#doubtMs(seen)
    if (this.#mode !== 'unknown' && jumped) {
      this.#mode = 'doubtful'
      this.#recent = []
      this.#onJump(movedByMs)
    }
    this.#recent = [...this.#recent.slice(1 - recentMax), seen]
    this.#offsetMs = best(this.#recent).offsetMs
    if (this.#mode === 'unknown' || this.#recent.length >= agreeingMin) this.#mode = 'trusted'
  }

  /** The midpoint is off by at most half the round trip, on both sides of the comparison. */
  #doubtMs(seen: Observation): number {
    const known = this.#recent.length === 0 ? 0 : best(this.#recent).roundTripMs
    return (seen.roundTripMs + known) / 2
  }
}

function best(recent: readonly Observation[]): Observation {
  return recent.reduce((a, b) => (b.roundTripMs <= a.roundTripMs ? b : a))
}

/**
 * The later of wall and monotonic clock: the wall clock alone goes back when it is set, the monotonic
 * one stands still while the machine sleeps (rule 35). The only place that reads either.
 */
function processClock(): number {
  return Math.max(Date.now(), performance.timeOrigin + performance.now())
}
