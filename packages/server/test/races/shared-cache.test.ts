/* Two replicas, one Redis: its snapshots spare reads of rows, and whatever it holds admits nothing dead. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, freshUid } from '#test/harness/index.ts'
import type { Player } from './rig/pair.ts'
import { openSharing, type Sharing } from './rig/sharing.ts'
import type { Held } from './rig/witness.ts'

const hit = 'curfew_cache_shared_reads_total{result="hit"}'

let sharing: Sharing

/** Sign-ins at the first replica, whose snapshots have come to Redis. */
async function signedIn(count: number, at: Player = sharing.pair.a): Promise<readonly Held[]> {
  const all = await Promise.all(
    Array.from({ length: count }, () => sharing.pair.witness.signIn(at, freshUid('shared'))),
  )
  const shared = async () => {
    const keys = [...(await sharing.stranger.look()).keys()]
    return all.every(({ sid }) => keys.some((key) => key.endsWith(sid))) || undefined
  }
  await eventually(shared, { what: 'the snapshots in Redis' })
  return all
}

/** What Redis holds of them. */
async function valuesOf(all: readonly Held[]): Promise<readonly string[]> {
  const values = [...(await sharing.stranger.look())]
  return values
    .filter(([key]) => all.some(({ sid }) => key.endsWith(sid)))
    .map(([, value]) => value)
}

async function statuses(replica: Player, all: readonly Held[]): Promise<readonly number[]> {
  const asked = await Promise.all(all.map((held) => sharing.ask(replica, held)))
  return asked.map(({ status }) => status)
}

function each(count: number, status: number): readonly number[] {
  return Array.from({ length: count }, () => status)
}

describe('two replicas that hear each other', () => {
  beforeAll(async () => {
    sharing = await openSharing({ config: { revocation: { pullInterval: '5s' } } })
  })
  afterAll(() => sharing.close())

  test('rule 3 cache proposes: what one replica read, the other answers from Redis', async () => {
    const { pair, metric } = sharing
    // What was read just after it began to listen counts as read before: any hint may have been missed.
    const inUse = async () => {
      const [one] = await signedIn(1)
      if (one !== undefined) await sharing.ask(pair.b, one)
      return (await metric(pair.b, hit)) > 0 || undefined
    }
    await eventually(inUse, { what: 'a first hit' })
    const all = await signedIn(20)
    const before = await metric(pair.b, hit)
    expect(await statuses(pair.b, all)).toEqual(each(20, 200))
    expect((await metric(pair.b, hit)) - before).toBe(20)
    await pair.settle()
  })

  test('rule 5 snapshot as of: scenario S49: logout through one replica, and the other never answers good again', async () => {
    const { pair } = sharing
    const all = await signedIn(20)
    const [known, unknown] = [all.slice(0, 10), all.slice(10)]
    expect(await statuses(pair.b, known)).toEqual(each(10, 200))
    await Promise.all(all.map((held) => pair.witness.logout(pair.a, held)))
    const gone = async () => {
      const now = await statuses(pair.b, [...known, ...unknown])
      return now.every((status) => status === 401) || undefined
    }
    await eventually(gone, { what: 'that all are refused' })
    for (let again = 0; again < 5; again++) {
      for (const replica of pair.both) expect(await statuses(replica, all)).toEqual(each(20, 401))
    }
    expect(await valuesOf(all)).toEqual(Array(20).fill('t'))
    await pair.settle()
  })

  test('rule 3 cache proposes: new roles hold on the other replica at once, whatever Redis has', async () => {
    const { pair, stranger } = sharing
    const [held] = await signedIn(1)
    if (held === undefined) throw new Error('nobody signed in')
    expect((await sharing.ask(pair.b, held)).roles).toBe('')
    const old = await stranger.look()
    for (const role of ['pilot', 'ops', 'pilot']) {
      await sharing.regrant(pair.a, held, [role])
      const there = async () => (await sharing.ask(pair.b, held)).roles === role || undefined
      await eventually(there, { everyMs: 5, what: `the role ${role}` })
      // A hostile writer brings the old one back, again and again.
      for (let again = 0; again < 5; again++) {
        await stranger.put(old)
        for (const replica of pair.both) expect((await sharing.ask(replica, held)).roles).toBe(role)
      }
    }
    await pair.settle()
  })
})

describe('two replicas that do not hear each other', () => {
  const pullIntervalMs = 1500
  const slackMs = 1500

  beforeAll(async () => {
    sharing = await openSharing({
      deaf: true,
      config: { revocation: { pullInterval: `${pullIntervalMs}ms` } },
    })
  })
  afterAll(() => sharing.close())

  /** Ends half of them at the one replica, then lets Redis be bad, and judges what the other one says. */
  async function judged(harm: (old: ReadonlyMap<string, string>) => Promise<void>): Promise<void> {
    const { pair, stranger } = sharing
    const all = await signedIn(24)
    const [dead, alive] = [all.slice(0, 12), all.slice(12)]
    // Some of them stand in its memory as well.
    await statuses(pair.b, all.slice(6, 18))
    const old = await stranger.look()
    await stranger.send('SAVE')
    await Promise.all(dead.map((held) => pair.witness.logout(pair.a, held)))
    const endedAt = performance.now()
    const refusedAlready = new Set<Held>()
    while (performance.now() < endedAt + pullIntervalMs + slackMs + 2000) {
      await harm(old)
      expect(await statuses(pair.b, alive)).toEqual(each(12, 200))
      expect(await statuses(pair.a, dead)).toEqual(each(12, 401))
      const askedAt = performance.now()
      for (const [index, status] of (await statuses(pair.b, dead)).entries()) {
        const held = dead[index]
        if (held === undefined) continue
        const late = askedAt > endedAt + pullIntervalMs + slackMs
        const may = late || refusedAlready.has(held) ? [401] : [200, 401]
        expect(may, `${index} after ${askedAt - endedAt} ms`).toContain(status)
        if (status === 401) refusedAlready.add(held)
      }
      await sleep(20)
    }
    expect(refusedAlready.size).toBe(12)
    // Else Redis was away, and the others did not hear of it.
    await signedIn(2)
    await pair.settle()
  }

  test('rule 20 Redis is not trusted: old values that a hostile writer brings back admit nothing dead', async () => {
    await judged((old) => sharing.stranger.put(old))
  })

  test('rule 20 Redis is not trusted: a Redis that forgets everything admits nothing dead', async () => {
    await judged(() => sharing.stranger.send('FLUSHALL'))
  })

  test('rule 20 Redis is not trusted: tombstones for everybody sign nobody out', async () => {
    await judged((old) => sharing.stranger.put(new Map([...old.keys()].map((key) => [key, 't']))))
  })

  test('rule 20 Redis is not trusted: a Redis restored from before the ends admits nothing dead', async () => {
    let restored = false
    await judged(async () => {
      if (restored) return
      restored = true
      await sharing.redis.kill()
      await sharing.redis.start()
      expect((await sharing.stranger.look()).size).toBeGreaterThan(0)
    })
  })

  test('rule 5 snapshot as of: what has a tombstone is read from the row, before the tail tells of its end', async () => {
    const { pair } = sharing
    const all = await signedIn(10)
    await Promise.all(all.map((held) => pair.witness.logout(pair.a, held)))
    const tombstones = Array(10).fill('t').join()
    const buried = async () => (await valuesOf(all)).join() === tombstones || undefined
    await eventually(buried, { everyMs: 10, what: 'the tombstones' })
    expect(await statuses(pair.b, all)).toEqual(each(10, 401))
    await pair.settle()
  })

  test('a replica that starts anew finds what Redis holds of the dead refused', async () => {
    const { pair, stranger } = sharing
    const all = await signedIn(10)
    const old = await stranger.look()
    await Promise.all(all.map((held) => pair.witness.logout(pair.a, held)))
    await stranger.put(old)
    const curfew = await pair.a.curfew.twin()
    const cold: Player = { ...pair.b, curfew, api: curfew.api }
    expect(await statuses(cold, all)).toEqual(each(10, 401))
    await curfew.kill()
  })
})

describe('a Redis that is slow, or gone', () => {
  beforeAll(async () => {
    sharing = await openSharing({})
  })
  afterAll(() => sharing.close())

  test('mid-load nobody sees anything of it', async () => {
    const { pair, redis, ask } = sharing
    const state = { over: false, asked: 0 }
    const faults: string[] = []
    const client = async (lane: number): Promise<void> => {
      const [here, there] = lane % 2 === 0 ? pair.both : [pair.b, pair.a]
      while (!state.over) {
        const held = await pair.witness.signIn(here, freshUid('load'), 'web')
        for (const replica of [there, here, there]) {
          const { status } = await ask(replica, held)
          state.asked += 1
          if (status !== 200) faults.push(`${replica.name} said ${status}`)
        }
        const { held: next, act } = await pair.witness.refresh(there, held)
        if (act.verdict !== 'accepted') faults.push(`refresh ${act.status}`)
        if ((await ask(here, next)).status !== 200) faults.push('after the refresh')
        await pair.witness.logout(here, next)
      }
    }
    const lanes = Array.from({ length: 6 }, (_, lane) => client(lane))
    await sleep(1000)
    redis.pause()
    await sleep(2500)
    redis.resume()
    await sleep(1000)
    await redis.kill()
    await sleep(1500)
    await redis.start()
    await sleep(1500)
    state.over = true
    await Promise.all(lanes)
    expect(faults).toEqual([])
    expect(state.asked).toBeGreaterThan(100)
    await pair.settle()
    const all = await signedIn(5)
    expect(await statuses(pair.b, all)).toEqual(each(5, 200))
  })
})
