import { expect, test } from 'vitest'
import { retryDelayMs } from './back-off.ts'

const delays = (jitter: number, retryAfterMs: number | null = null) =>
  [1, 2, 3, 12, 13, 500].map((n) => retryDelayMs(n, { retryAfterMs, jitter: () => jitter }))

test('a row waits for a second, then twice as long each time, and an hour at the most', () => {
  expect(delays(0)).toEqual([1000, 2000, 4000, 2_048_000, 3_600_000, 3_600_000])
})

test('chance takes away up to a half', () => {
  expect(delays(1)).toEqual([500, 1000, 2000, 1_024_000, 1_800_000, 1_800_000])
})

test('the other side may ask for longer, up to an hour, and never for less', () => {
  expect(delays(0, 3000)).toEqual([3000, 3000, 4000, 2_048_000, 3_600_000, 3_600_000])
  expect(delays(0, 10 ** 12)[0]).toBe(3_600_000)
  expect(delays(0, -5)[0]).toBe(1000)
})
