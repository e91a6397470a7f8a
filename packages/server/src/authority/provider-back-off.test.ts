import { expect, test } from 'vitest'
import { BackOff } from './provider-back-off.ts'

const rests = (backOff: BackOff<string>, name: string, times: number) =>
  Array.from({ length: times }, () => {
    const ms = backOff.restMs(name)
    backOff.failed(name)
    return ms
  })

test('rests double with each failure in a row, up to half a minute, each name for itself', () => {
  const backOff = new BackOff<string>({ jitter: () => 0.5, rememberedMax: 10 })
  expect(rests(backOff, 'a', 7)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  expect(backOff.restMs('b')).toBe(1000)
  backOff.recovered('a')
  expect(backOff.restMs('a')).toBe(1000)
})

test('jitter moves a rest by a quarter at most', () => {
  const at = (jitter: number) => new BackOff({ jitter: () => jitter, rememberedMax: 1 }).restMs('a')
  expect([at(0), at(1)]).toEqual([750, 1250])
})

test('what failed long ago is forgotten first', () => {
  const backOff = new BackOff<string>({ jitter: () => 0.5, rememberedMax: 2 })
  for (const name of ['a', 'b', 'a', 'c']) backOff.failed(name)
  expect(['a', 'b', 'c'].map((name) => backOff.restMs(name))).toEqual([4000, 1000, 2000])
})
