import { describe, expect, test } from 'vitest'
import type { RecordedEnd } from '#authority'
import { addMs, type Epoch, type EpochSeconds, instant, reason, type Uid } from '#domain'
import { t0 } from '#test/domain/sessions.ts'
import { ScriptedStore, sidOf } from '#test/feed/scripted-store.ts'
import { ScriptedTiming, settled } from '../../../verifier/test/scripted-timing.ts'
import type { TailNews } from './subscribers.ts'
import { Tail } from './tail.ts'

const hour = 3_600_000

function setUp() {
  const store = new ScriptedStore()
  const timing = new ScriptedTiming()
  const said: string[] = []
  const observed: number[] = []
  const news: TailNews[] = []
  const tail = new Tail({
    store,
    timing,
    clock: {
      now: () => store.now,
      processNow: () => timing.nowMs,
      observe: (storeNow) => observed.push(storeNow),
      lost: () => said.push('clock lost'),
    },
    pullIntervalMs: 1000,
    maxStalenessMs: 30_000,
    denylistLargeAt: 5,
    signals: {
      lost: (cause) => said.push(`lost ${cause}`),
      keysChanged: (version) => said.push(`keys ${version}`),
      failed: (_error, failures) => said.push(`failed ${failures}`),
      stale: () => said.push('stale'),
      renewed: (epoch) => said.push(`renewed ${epoch}`),
      denylistLarge: (size) => said.push(`large ${size}`),
    },
  })
  const start = async () => {
    tail.start()
    await tail.whenReady()
    await settled()
  }
  const read = async () => {
    store.hint()
    await settled()
  }
  return { store, timing, tail, said, observed, news, start, read }
}

function recorded(seq: number, at = t0): RecordedEnd {
  const end = { at, reason: reason('userLogout'), by: null, seq }
  const epoch = 'eaaa' as Epoch
  return { sid: sidOf(seq), uid: 'u' as Uid, end, epoch, jti: null, exp: 0 as EpochSeconds }
}

function seqs(news: readonly TailNews[]): number[] {
  return news.flatMap((each) => (each.kind === 'entries' ? each.entries.map(({ seq }) => seq) : []))
}

describe('Tail', () => {
  test('rule 5 snapshot as of: a start loads all that is kept before it is ready', async () => {
    const { store, tail, start } = setUp()
    store.pageRows = 2
    for (let n = 1; n <= 5; n++) store.end()
    store.pruneTo(1)
    expect([tail.ready, tail.stale, tail.epoch]).toEqual([false, true, undefined])
    await start()
    expect([tail.ready, tail.stale, tail.epoch]).toEqual([true, false, 'eaaa'])
    expect(tail.floor).toBe(1)
    expect(tail.cursor).toEqual({ epoch: 'eaaa', seq: 5 })
    expect([1, 2, 3, 4, 5].map((n) => tail.denies(sidOf(n)))).toEqual([
      false,
      true,
      true,
      true,
      true,
    ])
    tail.close()
  })

  test('rule 5 snapshot as of: an end is denied for an hour at least, then the floor rises past it', async () => {
    const { store, timing, tail, start } = setUp()
    await start()
    store.end(300_000)
    store.end(2 * hour)
    await timing.pass(1000)
    store.pass(hour)
    await timing.pass(1000)
    expect([tail.denies(sidOf(1)), tail.denies(sidOf(2)), tail.floor]).toEqual([true, true, 0])
    store.pass(hour / 2)
    await timing.pass(1000)
    expect([tail.denies(sidOf(1)), tail.denies(sidOf(2)), tail.floor]).toEqual([false, true, 1])
    // What the store prunes meanwhile takes nothing away that is held here.
    store.pruneTo(2)
    await timing.pass(1000)
    expect(tail.floor).toBe(1)
    tail.close()
  })

  test('rule 5 snapshot as of: old rows that are not worth denying lie below the floor', async () => {
    const { store, tail, start } = setUp()
    store.end()
    store.end()
    store.pass(5 * hour)
    store.end()
    await start()
    expect([tail.floor, tail.denied]).toEqual([2, 1])
    tail.close()
  })

  test('rule 5 snapshot as of: the floor is right at once after a second load, too', async () => {
    const { store, tail, start, read } = setUp()
    store.end()
    store.end()
    store.pass(5 * hour)
    store.end()
    await start()
    store.epoch = 'eccc' as typeof store.epoch
    await read()
    expect([tail.epoch, tail.floor]).toEqual(['eccc', 2])
    tail.close()
  })

  test('rule 5 snapshot as of: a tail behind the oldest kept row loads anew and says that ends are lost', async () => {
    const { store, tail, said, start, read } = setUp()
    store.end()
    await start()
    for (let n = 0; n < 3; n++) store.end()
    store.pruneTo(3)
    await read()
    expect(said).toContain('lost pruned')
    expect([tail.floor, tail.cursor?.seq, tail.denies(sidOf(1))]).toEqual([3, 4, true])
    tail.close()
  })

  test('rule 5 snapshot as of: while the feed is loaded anew, no epoch is vouched for', async () => {
    const { store, timing, tail, start, read } = setUp()
    store.end()
    await start()
    store.epoch = 'eccc' as typeof store.epoch
    const answer = store.tail.bind(store)
    store.tail = (after) => {
      store.failing = after === null
      return answer(after)
    }
    await read()
    expect([tail.epoch, tail.cursor, tail.ready]).toEqual([undefined, undefined, true])
    store.tail = answer
    store.failing = false
    await timing.pass(1000)
    expect(tail.epoch).toBe('eccc')
    tail.close()
  })

  test('rule 7 restored: a head below the mark renews the epoch once, and the denylist stays', async () => {
    const { store, timing, tail, said, start } = setUp()
    for (let n = 0; n < 4; n++) store.end()
    await start()
    store.restoreTo(2)
    await timing.pass(1000)
    expect(store.renewals).toEqual(['eaaa'])
    expect(said.slice(-2)).toEqual(['renewed ebbb1', 'lost restored'])
    expect(tail.cursor).toEqual({ epoch: 'ebbb1', seq: 2 })
    expect([1, 2, 3, 4].every((n) => tail.denies(sidOf(n)))).toBe(true)
    await timing.pass(5000)
    expect(store.renewals.length).toBe(1)
    tail.close()
  })

  test('rule 7 restored: an end of this process counts for the mark, also one the tail has not read', async () => {
    const { store, timing, tail, start } = setUp()
    store.end()
    await start()
    tail.deny(recorded(2))
    await timing.pass(1000)
    expect(store.renewals).toEqual(['eaaa'])
    tail.close()
  })

  test('rule 7 restored: an end that is committed during a read is no restored store', async () => {
    const { store, tail, start, read } = setUp()
    await start()
    const answer = store.tail.bind(store)
    store.tail = async (after) => {
      const before = await answer(after)
      store.end()
      tail.deny(recorded(1))
      return before
    }
    await read()
    store.tail = answer
    await read()
    expect(store.renewals).toEqual([])
    expect(tail.cursor?.seq).toBe(1)
    tail.close()
  })

  test('rule 7 restored: an epoch that another process renewed is followed', async () => {
    const { store, tail, said, start, read } = setUp()
    store.end()
    await start()
    store.epoch = 'eccc' as typeof store.epoch
    store.restoreTo(0)
    await read()
    expect(store.renewals).toEqual([])
    expect(said.at(-1)).toBe('lost epoch')
    expect(tail.cursor).toEqual({ epoch: 'eccc', seq: 0 })
    expect(tail.denies(sidOf(1))).toBe(true)
    tail.close()
  })

  test('rule 35 stale: the process that ends a session denies it before the tail has read it', async () => {
    const { tail, start } = setUp()
    await start()
    tail.deny(recorded(7))
    expect(tail.denies(sidOf(7))).toBe(true)
    tail.close()
  })

  test('rule 35 stale: a tail that is blind for too long says so, and tells the clock earlier', async () => {
    const { store, timing, tail, said, start } = setUp()
    await start()
    store.failing = true
    await timing.pass(1500)
    expect(said).toEqual(['keys 1', 'failed 1'])
    expect(tail.stale).toBe(false)
    await timing.pass(35_000)
    expect(said).toContain('clock lost')
    expect(said).toContain('stale')
    expect([tail.stale, tail.ready]).toEqual([true, true])
    store.failing = false
    await timing.pass(5000)
    expect(tail.stale).toBe(false)
    expect(tail.stalenessMs).toBeLessThan(1000)
    tail.close()
  })

  test('rule 20 Redis is not trusted: a hint makes the tail read, and only what it reads counts', async () => {
    const { store, tail, start, read } = setUp()
    await start()
    await read()
    expect(tail.denied).toBe(0)
    store.end()
    await read()
    expect(tail.denies(sidOf(1))).toBe(true)
    tail.close()
    expect(store.hinted).toBe(0)
  })

  test('rule 7 restored: a head below a mark that somebody else keeps renews the epoch, of this epoch only', async () => {
    const { store, tail, said, start } = setUp()
    for (let n = 0; n < 3; n++) store.end()
    // Before the first read, as at the start of a process.
    tail.heardMark({ epoch: 'eaaa' as Epoch, seq: 5 })
    await start()
    expect(said).toContain('renewed ebbb1')
    expect(tail.cursor).toEqual({ epoch: 'ebbb1', seq: 3 })
    for (const mark of [
      { epoch: 'eaaa' as Epoch, seq: 99 },
      { epoch: 'ebbb1' as Epoch, seq: 2 },
      { epoch: 'ebbb1' as Epoch, seq: 3 },
    ]) {
      tail.heardMark(mark)
      await settled()
    }
    expect(store.renewals).toEqual(['eaaa'])
    tail.heardMark({ epoch: 'ebbb1' as Epoch, seq: 4 })
    await settled()
    expect(tail.epoch).toBe('ebbb2')
    expect([1, 2, 3].map((n) => tail.denies(sidOf(n)))).toEqual([true, true, true])
    tail.close()
  })

  test('subscribers get every end once and in order, and what one of them throws harms nobody', async () => {
    const { store, timing, tail, news, start } = setUp()
    store.end()
    await start()
    tail.subscribe(() => {
      throw new Error('faulty')
    })
    const unsubscribe = tail.subscribe((each) => news.push(each))
    store.end()
    store.end()
    await timing.pass(1000)
    expect(seqs(news)).toEqual([2, 3])
    expect(news.at(-1)).toMatchObject({ cursor: { epoch: 'eaaa', seq: 3 } })
    store.pruneTo(3)
    store.end()
    // A local end wakes the tail for those who listen, without waiting for the interval.
    tail.deny(recorded(4))
    await settled()
    expect(seqs(news)).toEqual([2, 3, 4])
    store.epoch = 'eccc' as typeof store.epoch
    await timing.pass(1000)
    expect(news.at(-1)).toEqual({ kind: 'reset' })
    unsubscribe()
    store.end()
    await timing.pass(1000)
    expect(seqs(news)).toEqual([2, 3, 4])
    tail.close()
  })

  test('it reports new keys once, the store clock at each read, and the lag of others', async () => {
    const { store, timing, tail, said, observed, start } = setUp()
    await start()
    store.keysVersion = 2
    store.end()
    store.pass(700)
    await timing.pass(3000)
    expect(said).toEqual(['keys 1', 'keys 2'])
    expect(observed.at(-1)).toBe(addMs(t0, 700))
    expect(observed.length).toBe(store.tails)
    expect(tail.lagSeconds).toBe(0.7)
    tail.deny(recorded(2))
    store.end()
    store.pass(900)
    await timing.pass(1000)
    expect(tail.lagSeconds).toBe(0.7)
    tail.close()
  })

  test('a denylist larger than expected calls for help and drops nothing', async () => {
    const { tail, said, start } = setUp()
    await start()
    for (let n = 1; n <= 8; n++) tail.deny(recorded(n, instant(t0 + n)))
    expect(said).toContain('large 5')
    expect(tail.denied).toBe(8)
    tail.close()
  })
})
