import { expect, test } from 'vitest'
import { sidOf } from '#test/cache/memory-redis.ts'
import { LastChanges } from './last-changes.ts'

const doubtMs = 2000

function setUp(changesMax?: number) {
  const process = { now: 100_000 }
  const options = changesMax === undefined ? {} : { changesMax }
  const changes = new LastChanges({ processNow: () => process.now, ...options })
  return { changes, process }
}

test('what was read before the last change is not current, nor what may have been', () => {
  const { changes, process } = setUp()
  expect(changes.isCurrent(sidOf(1), 29_000)).toBe(true)
  changes.note(sidOf(1))
  process.now += 10_000
  expect(changes.isCurrent(sidOf(1), 10_001)).toBe(false)
  expect(changes.isCurrent(sidOf(1), 10_000 - doubtMs)).toBe(false)
  expect(changes.isCurrent(sidOf(1), 9999 - doubtMs)).toBe(true)
  expect(changes.isCurrent(sidOf(2), 29_000)).toBe(true)
})

test('a change of any session is one of each', () => {
  const { changes, process } = setUp()
  changes.note(sidOf(1))
  process.now += 5000
  changes.noteAny()
  process.now += 5000
  expect(changes.size).toBe(0)
  for (const sid of [sidOf(1), sidOf(2)]) {
    expect(changes.isCurrent(sid, 4000)).toBe(false)
    expect(changes.isCurrent(sid, 2900)).toBe(true)
  }
})

test('rule 20 Redis is not trusted: of what is forgotten for want of space, the worst is assumed of all', () => {
  const { changes, process } = setUp(3)
  for (let number = 0; number < 5; number++) {
    changes.note(sidOf(number))
    process.now += 1000
  }
  expect(changes.size).toBe(3)
  process.now += 10_000
  // Session 1 was the last to be forgotten, 14 s ago: that holds for 0 and for strangers too.
  for (const number of [0, 1, 77]) {
    expect(changes.isCurrent(sidOf(number), 14_000 - doubtMs)).toBe(false)
    expect(changes.isCurrent(sidOf(number), 13_999 - doubtMs)).toBe(true)
  }
  expect(changes.isCurrent(sidOf(4), 11_000 - doubtMs)).toBe(false)
})

test('noted again, a session is the newest', () => {
  const { changes, process } = setUp(2)
  changes.note(sidOf(1))
  changes.note(sidOf(2))
  process.now += 1000
  changes.note(sidOf(1))
  changes.note(sidOf(3))
  process.now += 10_000
  expect(changes.isCurrent(sidOf(2), 11_000 - doubtMs)).toBe(false)
  expect(changes.isCurrent(sidOf(1), 10_000 - doubtMs)).toBe(false)
})
