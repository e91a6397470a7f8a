import { afterEach, expect, test, vi } from 'vitest'
import { defaultTiming } from './timing.ts'

afterEach(() => vi.restoreAllMocks())

test('a timer that is longer than the platform has is as long as it has, and does not fire at once', () => {
  const set = vi.spyOn(globalThis, 'setTimeout')
  const timing = defaultTiming()
  const month = 30 * 86_400_000
  const timers = [
    timing.setTimer(() => undefined, month),
    timing.setWaitingTimer?.(() => undefined, month),
  ]
  for (const timer of timers) timing.clearTimer(timer)
  expect(set.mock.calls.map(([, delayMs]) => delayMs)).toEqual([0x7fff_ffff, 0x7fff_ffff])
})
