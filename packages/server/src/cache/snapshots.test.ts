import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ReadSession } from '#authority'
import { addMs, type Epoch, type Instant, type LiveSession, reason, type SessionId } from '#domain'
import { session as fresh, t0 } from '#test/domain/sessions.ts'
import { Snapshots, type SnapshotsOptions, type TailView } from './snapshots.ts'

const sid = '0198c5f0-1234-7abc-8def-000000000001' as SessionId
const epochA = 'eaaa' as Epoch
const epochB = 'ebbb' as Epoch

function setUp(options: Partial<SnapshotsOptions> = {}) {
  const denied = new Set<SessionId>()
  const tail: { -readonly [Key in keyof TailView]: TailView[Key] } = {
    epoch: epochA,
    floor: 10,
    stale: false,
    denies: (each) => denied.has(each),
  }
  const process = { now: 1000 }
  const cache = new Snapshots({ tail, processNow: () => process.now, ...options })
  return { cache, tail, denied, process }
}

function live(version = 1, id: string = sid): LiveSession {
  return { ...fresh({ sid: id }), version }
}

function read(session: ReadSession['session'], seq = 10, epoch = epochA): ReadSession {
  return { session, asOf: { epoch, seq }, now: t0 }
}

describe('Snapshots', () => {
  test('rule 5 snapshot as of: answers only in the current epoch and not below the floor', () => {
    const { cache, tail } = setUp()
    cache.put(read(live(), 10))
    expect(cache.get(sid)?.version).toBe(1)
    tail.floor = 11
    expect(cache.get(sid)).toBeUndefined()
    cache.put(read(live(), 11))
    tail.epoch = epochB
    expect(cache.get(sid)).toBeUndefined()
    tail.epoch = undefined
    cache.put(read(live(), 12))
    expect(cache.get(sid)).toBeUndefined()
    expect([cache.hits, cache.misses]).toEqual([1, 3])
  })

  test('rule 5 snapshot as of: a denied session is never answered nor cached', () => {
    const { cache, denied } = setUp()
    cache.put(read(live()))
    denied.add(sid)
    expect(cache.get(sid)).toBeUndefined()
    cache.put(read(live(2), 99))
    denied.delete(sid)
    expect(cache.get(sid)).toBeUndefined()
    expect(cache.size).toBe(0)
  })

  test('rule 35 stale: answers nothing while the tail is stale, and goes on after it', () => {
    const { cache, tail } = setUp()
    cache.put(read(live()))
    tail.stale = true
    expect(cache.get(sid)).toBeUndefined()
    tail.stale = false
    expect(cache.get(sid)?.version).toBe(1)
  })

  test('a snapshot lives for its time, also when the clock was set back', () => {
    const { cache, process } = setUp({ snapshotTtlMs: 500 })
    cache.put(read(live()))
    process.now += 499
    expect(cache.get(sid)).toBeDefined()
    process.now += 1
    expect(cache.get(sid)).toBeUndefined()
    cache.put(read(live()))
    process.now -= 100
    expect(cache.get(sid)).toBeUndefined()
  })

  test("rule 6 the store's clock: a row counts from its reading, however long it was under way", () => {
    const store = { now: t0 as Instant | undefined }
    const { cache, process } = setUp({ snapshotTtlMs: 500, storeNow: () => store.now })
    store.now = addMs(t0, 400)
    cache.put(read(live()))
    expect(cache.freshForMs(sid)).toBe(100)
    cache.advance(live(2), addMs(t0, 100))
    expect(cache.freshForMs(sid)).toBe(200)
    process.now += 200
    expect(cache.get(sid)).toBeUndefined()
    // In doubt, or behind, the clock makes nothing younger than it came.
    for (const now of [undefined, addMs(t0, -900)]) {
      store.now = now
      cache.put(read(live(3)))
      expect(cache.freshForMs(sid)).toBe(500)
    }
  })

  test('dead-stays-dead: a slower read of a row comes too late once another one has seen its end', () => {
    const { cache } = setUp()
    const end = { at: t0, reason: reason('userLogout'), by: null, seq: 11 }
    cache.put(read({ ...live(2), kind: 'ended', end }, 11))
    cache.put(read(live(1), 10))
    expect(cache.get(sid)).toBeUndefined()
    expect(cache.adopt({ session: live(1), asOf: { epoch: epochA, seq: 10 } }, 0)).toBeUndefined()
    cache.clear()
    cache.put(read(live(1), 10))
    expect(cache.get(sid)?.version).toBe(1)
  })

  test('a newer version is never replaced by an older one, an ended row never cached', () => {
    const { cache } = setUp()
    cache.put(read(live(5), 10))
    cache.put(read(live(4), 20))
    expect(cache.get(sid)?.version).toBe(5)
    const end = { at: t0, reason: reason('userLogout'), by: null, seq: 21 }
    cache.put(read({ ...live(6), kind: 'ended', end }, 21))
    expect(cache.get(sid)).toBeUndefined()
  })

  test('rule 7 restored: versions of another epoch do not count', () => {
    const { cache, tail } = setUp()
    cache.put(read(live(9)))
    tail.epoch = epochB
    tail.floor = 0
    cache.put(read(live(3), 10, epochA))
    expect(cache.get(sid)).toBeUndefined()
    cache.put(read(live(3), 1, epochB))
    expect(cache.get(sid)?.version).toBe(3)
  })

  test('a swap of this process moves a snapshot on, with the place in the feed that it had', () => {
    const { cache, tail, process } = setUp({ snapshotTtlMs: 500 })
    cache.advance(live(2), t0)
    expect(cache.get(sid)).toBeUndefined()
    cache.put(read(live(1), 10))
    process.now += 400
    cache.advance(live(2), t0)
    process.now += 400
    expect(cache.get(sid)?.version).toBe(2)
    cache.advance(live(1), t0)
    expect(cache.get(sid)?.version).toBe(2)
    tail.floor = 11
    expect(cache.get(sid)).toBeUndefined()
  })

  test('drop forgets one, clear forgets all', () => {
    const { cache } = setUp()
    const other = '0198c5f0-1234-7abc-8def-000000000002' as SessionId
    cache.put(read(live()))
    cache.put(read(live(1, other)))
    cache.drop(sid)
    expect([cache.get(sid), cache.get(other)?.version]).toEqual([undefined, 1])
    cache.clear()
    expect(cache.get(other)).toBeUndefined()
    expect(cache.evictions).toBe(0)
  })

  test('it is bounded by number and by weight, and counts what it evicts', () => {
    const many = (cache: Snapshots, texts: number) => {
      for (let n = 10; n < 60; n++) {
        const each = live(1, `0198c5f0-1234-7abc-8def-0000000000${n}`)
        const claims = { note: 'x'.repeat(texts) }
        cache.put(read({ ...each, grants: { ...each.grants, claims } }))
      }
    }
    const few = setUp({ snapshotsMax: 20 }).cache
    many(few, 1)
    expect([few.size, few.evictions]).toEqual([20, 30])
    const light = setUp({ snapshotBytesMax: 200_000 }).cache
    many(light, 10_000)
    expect(light.bytes).toBeLessThanOrEqual(200_000)
    expect(light.size).toBeLessThan(10)
    expect(light.size + light.evictions).toBe(50)
  })

  test('rule 5 snapshot as of: in any history, no answer for a session that the tail knows to be dead', () => {
    const epoch = fc.constantFrom(epochA, epochB)
    const number = fc.integer({ min: 0, max: 20 })
    const act = fc.oneof(
      fc.record({ kind: fc.constant('put' as const), version: number, seq: number, epoch }),
      fc.record({ kind: fc.constant('advance' as const), version: number }),
      fc.record({ kind: fc.constant('floor' as const), seq: number }),
      fc.record({
        kind: fc.constant('epoch' as const),
        epoch: fc.option(epoch, { nil: undefined }),
      }),
      fc.record({ kind: fc.constant('stale' as const), stale: fc.boolean() }),
      fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 20_000 }) }),
      fc.constant({ kind: 'deny' as const }),
    )
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
        const { cache, tail, denied, process } = setUp()
        const known: { version: number; seq: number; epoch: Epoch; at: number }[] = []
        for (const each of acts) {
          if (each.kind === 'put') {
            cache.put(read(live(each.version), each.seq, each.epoch))
            known.push({ ...each, at: process.now })
          }
          if (each.kind === 'advance') {
            cache.advance(live(each.version), t0)
            known.push(
              ...known
                .map((fact) => ({ ...fact, version: each.version, at: process.now }))
                .slice(-20),
            )
          }
          if (each.kind === 'floor') tail.floor = each.seq
          if (each.kind === 'epoch') tail.epoch = each.epoch
          if (each.kind === 'stale') tail.stale = each.stale
          if (each.kind === 'pass') process.now += each.ms
          if (each.kind === 'deny') denied.add(sid)
          const answer = cache.get(sid)
          if (answer === undefined) continue
          if (tail.stale || denied.has(sid)) return false
          // Something that was read says exactly this, and is young and late enough to say it.
          const vouched = known.some(
            (fact) =>
              fact.version === answer.version &&
              fact.epoch === tail.epoch &&
              fact.seq >= tail.floor &&
              process.now - fact.at < 30_000,
          )
          if (!vouched) return false
        }
        return true
      }),
      { numRuns: 120 },
    )
  })
})
