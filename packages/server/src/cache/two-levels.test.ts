import { describe, expect, test } from 'vitest'
import type { ReadSession } from '#authority'
import { type Epoch, type Instant, type LiveSession, reason, type SessionId } from '#domain'
import { HandTime, MemoryRedis, sealOf, sidOf } from '#test/cache/memory-redis.ts'
import { session as fresh, t0 } from '#test/domain/sessions.ts'
import { SharedSnapshots } from './shared-snapshots.ts'
import { sharedKey } from './shared-value.ts'
import type { TailView } from './snapshots.ts'
import { TwoLevels, type TwoLevelsOptions } from './two-levels.ts'

const sid = sidOf(1)
const epoch = 'eaaa' as Epoch

function live(version = 1, id: SessionId = sid): LiveSession {
  return { ...fresh({ sid: id }), version }
}

/** One replica: its tail, its clocks, and what it shares. */
function replica(redis: MemoryRedis, time: HandTime, options: Partial<TwoLevelsOptions> = {}) {
  const denied = new Set<SessionId>()
  const tail: { -readonly [Key in keyof TailView]: TailView[Key] } = {
    epoch,
    floor: 10,
    stale: false,
    denies: (each) => denied.has(each),
  }
  const clock = { trusted: true, aheadMs: 0 }
  const storeNow = () => (clock.trusted ? ((time.now + clock.aheadMs) as Instant) : undefined)
  const recalled: string[] = []
  const wrote: string[] = []
  const shared = new SharedSnapshots({
    connection: redis,
    seal: sealOf(1),
    storeNow,
    wrote: (kind, result) => wrote.push(`${kind} ${result}`),
  })
  const cache = new TwoLevels({
    tail,
    shared,
    storeNow,
    processNow: () => time.now,
    recalled: (result) => recalled.push(result),
    ...options,
  })
  const put = async (session: ReadSession['session'], seq = 10): Promise<void> => {
    cache.put({ session, asOf: { epoch, seq }, now: time.now })
    await shared.idle()
  }
  return { cache, shared, tail, denied, clock, recalled, wrote, put }
}

function pair() {
  const redis = new MemoryRedis()
  const time = new HandTime(t0)
  return { redis, time, a: replica(redis, time), b: replica(redis, time) }
}

describe('two levels', () => {
  test('what one replica read, another recalls, and from then on has in its own memory', async () => {
    const { redis, a, b } = pair()
    await a.put(live())
    expect(b.cache.get(sid)).toBeUndefined()
    expect(await b.cache.recall(sid)).toEqual(live())
    expect(b.cache.get(sid)).toEqual(live())
    expect(b.recalled).toEqual(['hit'])
    expect(redis.commands).toEqual(['script', 'get'])
    expect(await b.cache.recall(sidOf(2))).toBeUndefined()
    expect(b.recalled).toEqual(['hit', 'nothing'])
  })

  test('rule 5 snapshot as of: what is recalled answers under the same conditions as what was read', async () => {
    const { time, a, b } = pair()
    await a.put(live(), 11)
    b.tail.floor = 12
    expect(await b.cache.recall(sid)).toBeUndefined()
    b.tail.floor = 11
    b.denied.add(sid)
    expect(b.cache.recall(sid)).toBeUndefined()
    b.denied.delete(sid)
    b.tail.stale = true
    expect(b.cache.recall(sid)).toBeUndefined()
    b.tail.stale = false
    b.tail.epoch = undefined
    expect(b.cache.recall(sid)).toBeUndefined()
    b.tail.epoch = 'ebbb' as Epoch
    expect(await b.cache.recall(sid)).toBeUndefined()
    b.tail.epoch = epoch
    b.clock.trusted = false
    expect(b.cache.recall(sid)).toBeUndefined()
    b.clock.trusted = true
    expect(b.recalled).toEqual(['refused', 'nothing'])
    expect(await b.cache.recall(sid)).toEqual(live())
    time.pass(30_000)
    expect(b.cache.get(sid)).toBeUndefined()
    expect(await b.cache.recall(sid)).toBeUndefined()
  })

  test('rule 5 snapshot as of: all is judged when the answer is here, not when it was asked for', async () => {
    const { redis, a, b } = pair()
    await a.put(live())
    const { promise, resolve } = Promise.withResolvers<void>()
    redis.gate = promise
    const recalling = b.cache.recall(sid)
    b.denied.add(sid)
    resolve()
    expect(await recalling).toBeUndefined()
    expect(b.cache.get(sid)).toBeUndefined()
    expect(b.recalled).toEqual(['refused'])
  })

  test('its age counts from the reading of the row, wherever it has been since', async () => {
    const { time, a, b } = pair()
    await a.put(live())
    time.pass(20_000)
    expect(await b.cache.recall(sid)).toEqual(live())
    expect(b.cache.freshForMs(sid)).toBe(10_000)
    time.pass(10_000)
    expect(b.cache.get(sid)).toBeUndefined()
    expect(await b.cache.recall(sid)).toBeUndefined()
    expect(b.recalled).toEqual(['hit', 'refused'])
  })

  test("rule 6 the store's clock: what was read in the future says that a clock is wrong", async () => {
    const { a, b } = pair()
    await a.put(live())
    b.clock.aheadMs = -1001
    expect(await b.cache.recall(sid)).toBeUndefined()
    b.clock.aheadMs = -1000
    expect(await b.cache.recall(sid)).toEqual(live())
  })

  test('a swap is written through as of the snapshot that it moved on from, and dated before the swap', async () => {
    const { time, a, b } = pair()
    await a.put(live(1), 12)
    const before = time.now
    time.pass(2000)
    a.cache.advance(live(2), before)
    await a.shared.idle()
    b.tail.floor = 12
    expect((await b.cache.recall(sid))?.version).toBe(2)
    expect(b.cache.freshForMs(sid)).toBe(28_000)
    b.tail.floor = 13
    expect(b.cache.get(sid)).toBeUndefined()
  })

  test('a swap of a session that nothing is known of takes older snapshots away', async () => {
    const { redis, time, a, b } = pair()
    await a.put(live(1))
    b.cache.advance(live(2), time.now)
    await b.shared.idle()
    expect(await replica(redis, time).cache.recall(sid)).toBeUndefined()
    const late = replica(redis, time)
    await late.put(live(1))
    await late.put(live(2))
    expect([b.wrote, late.wrote]).toEqual([['fill written'], ['fill outdated', 'fill written']])
    expect((await replica(redis, time).cache.recall(sid))?.version).toBe(2)
  })

  test('rule 3 cache proposes: after a hint nothing counts that was read before it', async () => {
    const { time, a, b } = pair()
    await a.put(live(1))
    time.pass(5000)
    b.cache.hint(sid)
    expect(await b.cache.recall(sid)).toBeUndefined()
    time.pass(5000)
    await a.put(live(2))
    expect((await b.cache.recall(sid))?.version).toBe(2)
    await a.put(live(1, sidOf(2)))
    b.cache.hint(undefined)
    expect(await b.cache.recall(sidOf(2))).toBeUndefined()
    expect(b.recalled).toEqual(['refused', 'hit', 'refused'])
  })

  test('rule 3 cache proposes: a hint that comes while Redis is asked counts as well', async () => {
    const { redis, a, b } = pair()
    await a.put(live(1))
    const { promise, resolve } = Promise.withResolvers<void>()
    redis.gate = promise
    const recalling = b.cache.recall(sid)
    b.cache.hint(sid)
    resolve()
    expect(await recalling).toBeUndefined()
  })

  test('rule 3 cache proposes: what lost a swap, or was outdated by our own, is not recalled again', async () => {
    const { time, a, b } = pair()
    await a.put(live(1))
    await a.put(live(1, sidOf(2)))
    expect((await b.cache.recall(sid))?.version).toBe(1)
    b.cache.drop(sid)
    expect(await b.cache.recall(sid)).toBeUndefined()
    b.cache.advance(live(2, sidOf(2)), time.now)
    expect(await b.cache.recall(sidOf(2))).toBeUndefined()
  })

  test('dead-stays-dead: a row that was read as ended is not recalled alive before the tail tells of it', async () => {
    const { time, a, b } = pair()
    await a.put(live(1))
    const end = { at: t0, reason: reason('userLogout'), by: null, seq: 11 }
    await b.put({ ...live(2), kind: 'ended', end }, 11)
    time.pass(10_000)
    // As a hostile writer, or a clock that is far off, would have it.
    await a.put(live(1), 10)
    expect(await b.cache.recall(sid)).toBeUndefined()
    expect(b.cache.get(sid)).toBeUndefined()
  })

  test('a tombstone is nothing, and no fill replaces it', async () => {
    const { a, b } = pair()
    await a.put(live(1))
    b.cache.bury({ epoch, sid })
    await b.shared.idle()
    await a.put(live(2))
    expect(a.wrote).toEqual(['fill written', 'fill outdated'])
    expect(await b.cache.recall(sid)).toBeUndefined()
    expect(b.recalled).toEqual(['tombstone'])
  })

  test('what was read longer than a few seconds before its turn came is not written', async () => {
    const { redis, time, a } = pair()
    a.cache.put({ session: live(), asOf: { epoch, seq: 10 }, now: t0 })
    time.pass(5001)
    await a.shared.idle()
    a.clock.trusted = false
    await a.put(live(2))
    expect(a.wrote).toEqual(['fill late', 'fill late'])
    expect(redis.values.size).toBe(0)
  })

  test('the same version is shared again before what is shared grows too old, and no sooner', async () => {
    const { time, a } = pair()
    for (let second = 0; second < 25; second++) {
      await a.put(live())
      time.pass(1000)
    }
    expect(a.wrote).toEqual(['fill written', 'fill written', 'fill written'])
  })

  test('scenario K07: a crowd that asks for one session is one question, and no more than the limit fly', async () => {
    const { redis, time, a } = pair()
    const b = replica(redis, time, { recallsMax: 100 })
    await a.put(live())
    const crowd = await Promise.all(Array.from({ length: 1000 }, () => b.cache.recall(sid)))
    expect(crowd.every((session) => session?.version === 1)).toBe(true)
    expect(redis.commands).toEqual(['script', 'get'])
    const strangers = Array.from({ length: 1000 }, (_, index) => b.cache.recall(sidOf(index + 10)))
    expect(strangers.filter((recalling) => recalling !== undefined)).toHaveLength(100)
    await Promise.all(strangers)
    const times = (result: string) => b.recalled.filter((each) => each === result).length
    expect([times('hit'), times('nothing'), times('dropped')]).toEqual([1, 100, 900])
  })

  test('scenario K07: 1,000 hits at once leave nothing to be filled, 1,000 rows no more than the limit', async () => {
    const { time, a, b } = pair()
    for (let number = 0; number < 1000; number++) await a.put(live(1, sidOf(number)))
    await Promise.all(Array.from({ length: 1000 }, (_, number) => b.cache.recall(sidOf(number))))
    expect([b.recalled.length, b.shared.waiting]).toEqual([1000, 0])
    for (let number = 0; number < 2000; number++) {
      const session = live(2, sidOf(number))
      b.cache.put({ session, asOf: { epoch, seq: 10 }, now: time.now })
    }
    expect(b.shared.waiting).toBe(1000)
    await b.shared.idle()
    expect(b.wrote.filter((each) => each === 'fill dropped')).toHaveLength(1000)
  })

  test('with Redis away everything is a miss, and the process goes on by itself', async () => {
    const { redis, a } = pair()
    redis.isAway = true
    await a.put(live())
    a.cache.bury({ epoch, sid: sidOf(2) })
    await a.shared.idle()
    expect(a.cache.get(sid)).toEqual(live())
    expect(await a.cache.recall(sidOf(2))).toBeUndefined()
    expect(a.recalled).toEqual(['unavailable'])
    expect(a.wrote).toEqual(['fill failed', 'tombstone failed'])
  })

  test('rule 20 Redis is not trusted: what cannot be read is a miss, and is counted', async () => {
    const { redis, b } = pair()
    redis.values.set(sharedKey('test:', epoch, sid), 's1.1.10.1.not-sealed-by-us')
    expect(await b.cache.recall(sid)).toBeUndefined()
    expect(b.recalled).toEqual(['unreadable'])
  })
})
