/* The cache's second level on a real Redis: what its script lets in, in every order (S49). */
import { createClient } from '@redis/client'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type SharedConnection, SharedSnapshots } from '#cache'
import { addMs, type Epoch, type Instant, type LiveSession, Secret, type SessionId } from '#domain'
import { MemoryRedis, sealOf, sidOf } from '#test/cache/memory-redis.ts'
import { eventually } from '#test/harness/eventually.ts'
import { type Redis, startRedis } from '#test/services/index.ts'
import { openRedis, type RedisConnection } from '../../src/redis-connection.ts'
import { session as fresh, t0 } from '../domain/sessions.ts'

const epoch = 'eaaa' as Epoch
const keyPrefix = 'test:'

let redis: Redis
let connection: RedisConnection
let raw: ReturnType<typeof createClient>
let sid = sidOf(1)
let round = 1

beforeAll(async () => {
  redis = await startRedis()
  const url = new Secret(redis.url)
  connection = openRedis({ kind: 'single', url, keyPrefix, ca: null }, { commandMs: 5000 })
  raw = createClient({ url: redis.url })
  await raw.connect()
  await eventually(async () => connection.ready || undefined, { what: 'the connection' })
})

beforeEach(() => {
  round += 1
  sid = sidOf(round)
})

afterAll(async () => {
  raw.destroy()
  await connection.close()
  await redis.stop()
})

interface ReplicaOptions {
  readonly over?: SharedConnection
  readonly secret?: number
  readonly now?: () => Instant
}

/** Writes like a replica, one after the other. */
function replica({ over = connection, secret = 1, now = () => t0 }: ReplicaOptions = {}) {
  const results: string[] = []
  const shared = new SharedSnapshots({
    connection: over,
    seal: sealOf(secret),
    storeNow: now,
    wrote: (kind, result) => results.push(`${kind} ${result}`),
  })
  const idle = () => shared.idle()
  return {
    results,
    idle,
    fill: (version: number, { seq = 10, readAt = t0, of = sid } = {}) => {
      shared.fill({ session: live(version, of), asOf: { epoch, seq }, readAt })
      return idle()
    },
    mark: (version: number) => {
      shared.mark(sid, { epoch, version, readAt: t0 })
      return idle()
    },
    bury: (of = sid) => {
      shared.bury(epoch, of)
      return idle()
    },
    read: async (of = sid) => {
      const value = await shared.read(epoch, of)
      return value.kind === 'snapshot' ? value.snapshot.session.version : value.kind
    },
  }
}

function live(version: number, of: SessionId): LiveSession {
  return { ...fresh({ sid: of }), version }
}

function keyOf(of = sid): string {
  return `${keyPrefix}${epoch}:s:${of}`
}

function orders<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  if (items.length < 2) return [items]
  return items.flatMap((first, at) =>
    orders(items.toSpliced(at, 1)).map((rest) => [first, ...rest]),
  )
}

describe('the script', () => {
  test('scenario S49: in every order of four fills the newest stays, and with an end only the tombstone', async () => {
    const writes = ['fill 1', 'fill 2', 'fill 3', 'mark 2']
    for (const order of orders(writes)) {
      sid = sidOf(++round)
      const { fill, mark, read } = replica()
      for (const write of order) {
        const version = Number(write.at(-1))
        await (write.startsWith('fill') ? fill(version) : mark(version))
      }
      expect(await read(), order.join(', ')).toBe(3)
    }
    for (const order of orders(['fill 1', 'fill 2', 'fill 3', 'end'])) {
      sid = sidOf(++round)
      const { fill, bury, read } = replica()
      for (const write of order) {
        await (write === 'end' ? bury() : fill(Number(write.at(-1))))
      }
      expect(await read(), order.join(', ')).toBe('tombstone')
    }
  })

  test('of one version the later place in the feed stays, and of one place the later reading', async () => {
    const { fill, read, results } = replica()
    await fill(2, { seq: 12 })
    await fill(2, { seq: 11, readAt: addMs(t0, 1000) })
    await fill(2, { seq: 12, readAt: addMs(t0, -1) })
    await fill(2, { seq: 12 })
    expect(results).toEqual(['fill written', ...Array(3).fill('fill outdated')])
    await fill(2, { seq: 12, readAt: addMs(t0, 1) })
    await fill(2, { seq: 13, readAt: addMs(t0, -1000) })
    await fill(1, { seq: 99, readAt: addMs(t0, 1000) })
    expect(results.slice(4)).toEqual(['fill written', 'fill written', 'fill outdated'])
    expect(await read()).toBe(2)
  })

  test('a snapshot lives for what is left of its time, a tombstone longer than any fill is under way', async () => {
    const { fill, bury } = replica()
    await fill(1, { readAt: addMs(t0, -4000) })
    const left = await raw.pTTL(keyOf())
    expect(left).toBeLessThanOrEqual(26_000)
    expect(left).toBeGreaterThan(20_000)
    await bury()
    expect(await raw.pTTL(keyOf())).toBeGreaterThan(590_000)
  })

  test('it is known again to a Redis that has forgotten it, and to one that was restarted', async () => {
    const { fill, read } = replica()
    await raw.scriptFlush()
    await fill(1)
    expect(await read()).toBe(1)
  })

  test("replicas of another version of Curfew, with another shape, keep each other's newer values", async () => {
    const { fill, read, results } = replica()
    await raw.set(keyOf(), `s2.7.10.${t0}.sealed`)
    await fill(6)
    await fill(7)
    expect([results, await read()]).toEqual([Array(2).fill('fill outdated'), 'unreadable'])
    await fill(8)
    expect(await read()).toBe(8)
  })

  test('what a stranger put there is replaced, or at worst a miss', async () => {
    const strange = [
      '',
      'x',
      's1.',
      's1.1.1',
      `s1.${'9'.repeat(90)}.1.1.`,
      's1.-1.2.3.',
      's1.a.b.c.',
    ]
    for (const value of strange) {
      sid = sidOf(++round)
      const { fill, read } = replica()
      await raw.set(keyOf(), value)
      await fill(1)
      expect(await read(), value).toBe(1)
    }
    const { fill, bury, read, results } = replica()
    await raw.del(keyOf())
    await raw.lPush(keyOf(), 'a list')
    expect(await read()).toBe('unavailable')
    await fill(1)
    await bury()
    expect(results).toEqual(['fill failed', 'tombstone written'])
    expect(await read()).toBe('tombstone')
  })

  test('the Redis of the unit tests does the same', async () => {
    const write = fc.record({
      end: fc.constantFrom(false, false, false, true),
      version: fc.integer({ min: 1, max: 4 }),
      seq: fc.integer({ min: 10, max: 12 }),
      readAt: fc.integer({ min: 0, max: 2 }).map((ms) => addMs(t0, ms)),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(write, { maxLength: 12 }), async (writes) => {
        sid = sidOf(++round)
        const real = replica()
        const modelled = replica({ over: new MemoryRedis() })
        for (const { end, version, ...rest } of writes) {
          for (const each of [real, modelled]) {
            await (end ? each.bury() : each.fill(version, rest))
          }
        }
        expect(real.results).toEqual(modelled.results)
        expect(await real.read()).toBe(await modelled.read())
      }),
      { numRuns: 60 },
    )
  })
})

describe('scenario S49: a fill that began before the end', () => {
  /** Its connection holds every write back until it is let go. */
  function paused() {
    const { promise, resolve } = Promise.withResolvers<void>()
    const held = Promise.withResolvers<void>()
    const over: SharedConnection = {
      keyPrefix,
      get: (key) => connection.get(key),
      set: (key, value, ttlMs) => connection.set(key, value, ttlMs),
      script: async (...args) => {
        held.resolve()
        await promise
        return connection.script(...args)
      },
    }
    return { over, held: held.promise, letGo: resolve }
  }

  test('and is written after it, writes nothing', async () => {
    const { over, held, letGo } = paused()
    const slow = replica({ over })
    const filling = slow.fill(1)
    await held
    const ending = replica()
    await ending.bury()
    letGo()
    await filling
    expect(slow.results).toEqual(['fill outdated'])
    expect(await ending.read()).toBe('tombstone')
  })

  test('and is written before it, is buried', async () => {
    const { over, held, letGo } = paused()
    const slow = replica({ over })
    const filling = slow.fill(1)
    await held
    letGo()
    await filling
    const ending = replica()
    expect(await ending.read()).toBe(1)
    await ending.bury()
    expect(await slow.read()).toBe('tombstone')
  })

  test('and waited for longer than a tombstone lives, is not sent at all', async () => {
    const store = { now: t0 }
    const slow = replica({ now: () => store.now })
    const filling = slow.fill(1)
    // Its process slept before its turn came.
    store.now = addMs(t0, 11 * 60_000)
    await filling
    expect([slow.results, await slow.read()]).toEqual([['fill late'], 'nothing'])
  })

  test('and newer than it, by a swap that lost, does not replace it either', async () => {
    const { fill, bury, mark, read } = replica()
    await bury()
    await fill(99, { seq: 99, readAt: addMs(t0, 3000) })
    await mark(100)
    expect(await read()).toBe('tombstone')
  })
})

describe('rule 20 Redis is not trusted', () => {
  test('rule 20 Redis is not trusted: what another installation sealed under the same key is a miss', async () => {
    const ours = replica()
    const theirs = replica({ secret: 2 })
    await theirs.fill(1)
    expect(await theirs.read()).toBe(1)
    expect(await ours.read()).toBe('unreadable')
    await ours.fill(2)
    expect([await ours.read(), await theirs.read()]).toEqual([2, 'unreadable'])
  })

  test('rule 20 Redis is not trusted: nothing that stands in it can be read or moved', async () => {
    const { fill, read } = replica()
    await fill(1)
    const value = (await raw.get(keyOf())) ?? ''
    const session = live(1, sid)
    const all = [value, Buffer.from(value.split('.').at(-1) ?? '', 'base64url').toString('latin1')]
    for (const secret of [session.origin.salt, session.origin.uid, session.rotation?.minted.jti]) {
      for (const each of all) expect(each).not.toContain(secret)
    }
    const other = sidOf(++round)
    await raw.set(keyOf(other), value)
    expect(await read(other)).toBe('unreadable')
    await raw.set(keyOf(), value.replace('s1.1.10.', 's1.2.10.'))
    expect(await read()).toBe('unreadable')
  })
})
