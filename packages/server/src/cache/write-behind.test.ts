import { expect, test } from 'vitest'
import { sidOf } from '#test/cache/memory-redis.ts'
import { type Write, WriteBehind, type WriteBehindOptions } from './write-behind.ts'

function setUp(limits: Omit<WriteBehindOptions, 'wrote'> = {}) {
  const counted: string[] = []
  const writes = new WriteBehind({
    ...limits,
    wrote: (kind, result) => counted.push(`${kind} ${result}`),
  })
  const carriedOut: string[] = []
  const named =
    (name: string): Write =>
    async () => {
      carriedOut.push(name)
      return 'written'
    }
  const times = (text: string) => counted.filter((each) => each === text).length
  return { writes, counted, carriedOut, named, times }
}

test('scenario K07: of 1,000 fills at once no more wait than the limit says, and the others are counted', async () => {
  const { writes, carriedOut, named, times } = setUp({ fillsWaitingMax: 100 })
  for (let number = 0; number < 1000; number++) writes.add('fill', sidOf(number), named('fill'))
  expect(writes.waiting).toBe(100)
  expect(carriedOut).toEqual([])
  await writes.idle()
  expect([times('fill written'), times('fill dropped')]).toEqual([100, 900])
  expect(writes.waiting).toBe(0)
})

test('no more are in flight than the limit says, however slow they are', async () => {
  const { writes, times } = setUp({ inFlightMax: 4 })
  const flying = { now: 0, most: 0 }
  const slow: Write = async () => {
    flying.now += 1
    flying.most = Math.max(flying.most, flying.now)
    await new Promise((resolve) => setImmediate(resolve))
    flying.now -= 1
    return 'written'
  }
  for (let number = 0; number < 50; number++) writes.add('fill', sidOf(number), slow)
  await writes.idle()
  expect([flying.most, times('fill written')]).toEqual([4, 50])
})

test('a crowd of fills neither keeps a tombstone out nor goes before it', async () => {
  const { writes, carriedOut, named } = setUp({ fillsWaitingMax: 10, inFlightMax: 1 })
  for (let number = 0; number < 20; number++) writes.add('fill', sidOf(number), named('fill'))
  writes.add('tombstone', sidOf(99), named('tombstone'))
  await writes.idle()
  expect(carriedOut[0]).toBe('tombstone')
  expect(carriedOut).toHaveLength(11)
})

test('a session has one fill waiting, the newest, and none once it has ended', async () => {
  const { writes, carriedOut, named } = setUp()
  writes.add('fill', sidOf(1), named('old'))
  writes.add('fill', sidOf(1), named('new'))
  writes.add('fill', sidOf(2), named('of an ended one'))
  writes.add('tombstone', sidOf(2), named('tombstone'))
  expect(writes.waiting).toBe(2)
  await writes.idle()
  expect(carriedOut).toEqual(['tombstone', 'new'])
})

test('what fails is counted and not tried again, and those behind it go on', async () => {
  const { writes, counted, carriedOut, named } = setUp({ inFlightMax: 1 })
  writes.add('tombstone', sidOf(1), () => Promise.reject(new Error('Redis is away')))
  writes.add('fill', sidOf(2), named('fill'))
  await writes.idle()
  expect(counted).toEqual(['tombstone failed', 'fill written'])
  expect(carriedOut).toEqual(['fill'])
})
