import type { Timing } from '../src/timing.ts'

interface Timer {
  readonly at: number
  readonly callback: () => void
}

/** Clocks and timers that move only when a test moves them. */
export class ScriptedTiming implements Timing {
  nowMs = 1_000_000
  /** How far the wall clock has left the monotonic one, as after a sleep. */
  wallAheadMs = 0
  readonly timers = new Set<Timer>()

  wallMs(): number {
    return this.nowMs + this.wallAheadMs
  }

  monotonicMs(): number {
    return this.nowMs
  }

  setTimer(callback: () => void, delayMs: number): unknown {
    const timer = { at: this.nowMs + delayMs, callback }
    this.timers.add(timer)
    return timer
  }

  clearTimer(handle: unknown): void {
    this.timers.delete(handle as Timer)
  }

  random(): number {
    return 0
  }

  /** Lets time pass; timers fire in order, and what they set off is finished after each. */
  async pass(ms: number): Promise<void> {
    await settled()
    const end = this.nowMs + ms
    for (;;) {
      const due = [...this.timers].filter((timer) => timer.at <= end)
      const first = due.toSorted((a, b) => a.at - b.at)[0]
      if (first === undefined) break
      this.timers.delete(first)
      this.nowMs = Math.max(this.nowMs, first.at)
      first.callback()
      await settled()
    }
    this.nowMs = end
  }
}

/** When all promises that can be settled without time passing have been. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
