import { expect, test } from 'vitest'
import { ServerClock } from './server-clock.ts'
import type { Timing } from './timing.ts'

/** Server and monotonic clock show the same; the wall clock is off by `wallAheadMs`. */
function clockAfter(roundTripMs: number, wallAheadMs: number): number {
  let now = 1_000_000
  const timing: Timing = {
    wallMs: () => now + wallAheadMs,
    monotonicMs: () => now,
    setTimer: () => undefined,
    clearTimer: () => undefined,
    random: () => 0,
  }
  const clock = new ServerClock(timing)
  const askedAt = clock.instants()
  // Asked and answered at once; the answer is on its way for the whole time.
  now += roundTripMs
  clock.observe(askedAt.monotonicMs / 1000, askedAt)
  return clock.nowMs() - now
}

test.each([
  ['after a quick answer the wall clock is believed where it may be right', 50, 0, 0],
  ['where it cannot be right the middle of what may be is', 50, 1500, 475],
  ['so it is after a slow one, wherever the wall clock stands', 4000, -3500, -1500],
])('rule 39 leeway: %s', (_what, roundTripMs, wallAheadMs, expected) => {
  expect(clockAfter(roundTripMs, wallAheadMs)).toBe(expected)
})
