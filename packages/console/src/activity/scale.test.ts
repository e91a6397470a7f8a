import { expect, test } from 'vitest'
import { barAt, countWords, indexAt, labelled, niceMax } from './scale.ts'

test.each([
  [0, 4],
  [3, 4],
  [7, 8],
  [11, 20],
  [41, 50],
  [100, 100],
  [101, 200],
  [7_900, 8_000],
])('a largest count of %i asks for an axis up to %i', (largest, max) => {
  expect(niceMax(largest)).toBe(max)
})

test('bars fill the width without touching', () => {
  const bars = { count: 60, width: 600 }
  const last = barAt(59, bars)
  expect(barAt(0, bars).x).toBeGreaterThan(0)
  expect(last.x + last.width).toBeLessThan(600)
  expect(barAt(1, bars).x - barAt(0, bars).x).toBeCloseTo(10)
})

test('the pointer finds its bar, and the nearest one beside the chart', () => {
  const bars = { count: 60, width: 600 }
  expect([-5, 0, 15, 599, 700].map((x) => indexAt(x, bars))).toEqual([0, 0, 1, 59, 59])
  expect(indexAt(5, { count: 0, width: 600 })).toBe(0)
})

test('labels fall on round times, and there are not more than have room', () => {
  const times = Array.from({ length: 60 }, (_, index) => 1_767_225_660 + index * 60)
  const at = labelled(times, 60, 6).map((index) => (times[index] ?? 0) % 600)
  expect(at).toEqual([0, 0, 0, 0, 0, 0])
})

test('large counts are told short', () => {
  expect([9_999, 12_345, 1_000_000].map(countWords)).toEqual(['9,999', '12.3k', '1m'])
})
