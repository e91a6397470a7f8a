import { expect, test } from 'vitest'
import { PathIndex } from './path-index.ts'
import { compilePattern } from './path-pattern.ts'

test('a thousand rules of one host: only those on the way of the path are asked', () => {
  const index = new PathIndex<{ readonly place: number }>()
  for (let place = 0; place < 1000; place++)
    index.add(compilePattern(`/team/${place}/**`), { place })
  const asked: number[] = []
  const found = index.first(['team', '998', 'x'], 1000, ({ place }) => {
    asked.push(place)
    return true
  })
  expect(found).toEqual({ place: 998 })
  expect(asked).toEqual([998])
})

test('many ** in one pattern do not multiply', () => {
  const index = new PathIndex<{ readonly place: number }>()
  index.add(compilePattern(`/${'**/a/'.repeat(30)}z`), { place: 0 })
  const segments = Array.from({ length: 2000 }, () => 'a')
  expect(index.first(segments, 1, () => true)).toBeUndefined()
})
