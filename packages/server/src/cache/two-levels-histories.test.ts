/*
 * Random histories of one session over two replicas that share a Redis, which is hostile, forgets, and is
 * put back to any earlier state. Reads of the row land late and in any order, hints may be lost, tails lag,
 * the replicas' clocks are off by up to half a second either way.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ReadSession } from '#authority'
import { type Epoch, type Instant, type LiveSession, reason, type SessionId } from '#domain'
import { HandTime, MemoryRedis, sealOf, sidOf } from '#test/cache/memory-redis.ts'
import { session as fresh, t0 } from '#test/domain/sessions.ts'
import { SharedSnapshots } from './shared-snapshots.ts'
import { sharedKey } from './shared-value.ts'
import { TwoLevels } from './two-levels.ts'

const sid = sidOf(1)
const epoch = 'eaaa' as Epoch
const key = sharedKey('test:', epoch, sid)
const seal = sealOf(1)
const snapshotTtlMs = 30_000
const clockErrorMs = 500

interface Act {
  readonly kind: (typeof kinds)[number]
  readonly who: 0 | 1
  readonly pick: number
  readonly ms: number
}

/** As often as it stands there. */
const kinds = [
  ...(['load', 'load', 'load', 'load', 'read', 'land', 'swap', 'swap', 'flush', 'flush'] as const),
  ...(['change', 'changeUnheard', 'end', 'tail', 'anyHint', 'pass', 'pass', 'pass'] as const),
  ...(['recall', 'recall', 'recall', 'recall', 'get', 'get'] as const),
  ...(['replay', 'replay', 'forget', 'garbage'] as const),
]

const act: fc.Arbitrary<Act> = fc.record({
  kind: fc.constantFrom(...kinds),
  who: fc.constantFrom(0, 1),
  pick: fc.nat({ max: 1000 }),
  ms: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 2500 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 20_000 }) },
  ),
})

/** One replica, with what it must not forget. */
class Replica {
  readonly denied = new Set<SessionId>()
  readonly reads: ReadSession[] = []
  readonly shared: SharedSnapshots
  readonly cache: TwoLevels
  seq = 10
  /** The version that the row had reached when this process last heard of a change. */
  heardOf = 0
  refused = false

  constructor(redis: MemoryRedis, time: HandTime, errorMs: number) {
    const storeNow = () => (time.now + errorMs) as Instant
    this.shared = new SharedSnapshots({ connection: redis, seal, storeNow, wrote: () => undefined })
    const denies = (each: SessionId) => this.denied.has(each)
    this.cache = new TwoLevels({
      tail: { epoch, floor: 10, stale: false, denies },
      shared: this.shared,
      storeNow,
      processNow: () => time.now,
      recalled: () => undefined,
      snapshotsMax: 1,
      changesMax: 1,
    })
  }
}

class World {
  readonly redis = new MemoryRedis()
  readonly time = new HandTime(t0)
  readonly replicas: readonly [Replica, Replica]
  version = 1
  ended = false
  seq = 10
  strangers = 100
  /** When the row left each version; the present one is not among them. */
  readonly leftAt = new Map<number, number>()
  recalled = 0

  constructor(errors: readonly [number, number]) {
    const [one, other] = errors.map((error) => new Replica(this.redis, this.time, error))
    if (one === undefined || other === undefined) throw new Error('two clocks are needed')
    this.replicas = [one, other]
  }

  row(): ReadSession['session'] {
    const session: LiveSession = { ...fresh({ sid }), version: this.version }
    if (!this.ended) return session
    const end = { at: t0, reason: reason('userLogout'), by: null, seq: this.seq }
    return { ...session, kind: 'ended', end }
  }

  move(): void {
    this.leftAt.set(this.version, this.time.now)
    this.version += 1
  }

  async play({ kind, who, pick, ms }: Act): Promise<void> {
    const own = this.replicas[who]
    const other = this.replicas[who === 0 ? 1 : 0]
    const asOf = { epoch, seq: this.seq }
    switch (kind) {
      case 'read':
        own.reads.push({ session: this.row(), asOf, now: this.time.now })
        return
      case 'load':
        this.land(own, { session: this.row(), asOf, now: this.time.now })
        await own.shared.idle()
        return
      case 'land': {
        const [read] = own.reads.splice(pick % Math.max(own.reads.length, 1), 1)
        if (read !== undefined) this.land(own, read)
        return
      }
      case 'swap': {
        const from = own.cache.get(sid)
        if (from === undefined) return
        const before = this.time.now
        if (this.ended || from.version !== this.version) {
          own.cache.drop(sid)
        } else {
          this.move()
          own.cache.advance({ ...from, version: this.version }, before)
        }
        own.heardOf = this.version
        return
      }
      case 'change':
      case 'changeUnheard':
        if (this.ended) return
        this.move()
        if (kind === 'changeUnheard') return
        own.cache.hint(sid)
        own.heardOf = this.version
        return
      case 'end':
        // Not too soon: there is nothing to see afterwards.
        if (this.ended || pick % 4 > 0) return
        this.move()
        this.ended = true
        this.seq += 1
        own.denied.add(sid)
        own.cache.drop(sid)
        own.cache.bury({ epoch, sid })
        return
      case 'tail':
        if (this.ended) own.denied.add(sid)
        return
      case 'flush':
        await own.shared.idle()
        return
      case 'recall':
        // As those do who ask: after a miss alone.
        this.crowdOut(own)
        if (own.cache.get(sid) !== undefined) return
        this.recalled += this.judge(own, await own.cache.recall(sid))
        return
      case 'get':
        this.judge(own, own.cache.get(sid))
        return
      case 'anyHint':
        other.cache.hint(undefined)
        return
      case 'pass':
        this.time.pass(ms)
        return
      case 'replay': {
        const old = this.redis.seen.filter((each) => each.key === key)
        const value = old[pick % Math.max(old.length, 1)]?.value
        if (value !== undefined) this.redis.values.set(key, value)
        return
      }
      case 'forget':
        this.redis.values.clear()
        return
      case 'garbage':
        this.redis.values.set(key, ['t', 's1.1.2.3.AAAA', '', 's9.7.7.7.x'][pick % 4] ?? '')
        return
      default:
        kind satisfies never
    }
  }

  /** There is room for one. */
  crowdOut({ cache }: Replica): void {
    this.strangers += 1
    const session = fresh({ sid: sidOf(this.strangers) })
    cache.put({ session, asOf: { epoch, seq: this.seq }, now: this.time.now })
  }

  land(replica: Replica, read: ReadSession): void {
    if (read.session.kind === 'ended') replica.refused = true
    // What a row says that was read before a hint is another matter, and not that of Redis.
    if (read.session.kind === 'live' && read.session.version < replica.heardOf) return
    replica.cache.put(read)
  }

  judge(replica: Replica, answer: LiveSession | undefined): number {
    if (answer === undefined) return 0
    const { version } = answer
    const left = this.leftAt.get(version) ?? Number.POSITIVE_INFINITY
    expect(replica.denied.has(sid), 'known to have ended').toBe(false)
    expect(replica.refused, 'seen as ended before').toBe(false)
    expect(version, 'older than what was heard of').toBeGreaterThanOrEqual(replica.heardOf)
    expect(this.time.now - left, 'too old').toBeLessThan(snapshotTtlMs + clockErrorMs)
    return 1
  }
}

test('rule 20 Redis is not trusted: in any history, what it holds admits nothing dead, outdated or old', async () => {
  const errors = fc.tuple(
    fc.integer({ min: -clockErrorMs, max: clockErrorMs }),
    fc.integer({ min: -clockErrorMs, max: clockErrorMs }),
  )
  let recalled = 0
  await fc.assert(
    fc.asyncProperty(
      errors,
      fc.array(act, { minLength: 20, maxLength: 100 }),
      async (off, acts) => {
        const world = new World(off)
        for (const each of acts) await world.play(each)
        recalled += world.recalled
      },
    ),
    { numRuns: 300 },
  )
  // Else too little was judged.
  expect(recalled).toBeGreaterThan(100)
})
