import { expect, test } from 'vitest'
import type { FeedPosition, FeedQuery, Store } from '#authority'
import { type Epoch, type EpochSeconds, reason, type SessionId, toSeconds } from '#domain'
import { nowOf, type Prepare } from './bench.ts'
import { dayMs, minuteMs, started, type Wish } from './sessions.ts'

const hourMs = 60 * minuteMs

async function ended(store: Store, wish: Wish = {}): Promise<SessionId> {
  const { origin } = await started(store, wish)
  await store.end({ sid: origin.sid, reason: reason('userLogout'), by: null, guard: 'live' })
  return origin.sid
}

function ask(position: FeedPosition, rest: Partial<FeedQuery> = {}): FeedQuery {
  return { position, all: false, limit: null, ...rest }
}

const start = { kind: 'start' } as const
const after = (epoch: Epoch, seq: number): FeedPosition => ({
  kind: 'cursor',
  cursor: { epoch, seq },
})
const since = (seconds: number): FeedPosition => ({
  kind: 'since',
  seconds: seconds as EpochSeconds,
})

async function seqs(store: Store, query: FeedQuery): Promise<readonly number[]> {
  return (await store.page(query)).entries.map(({ seq }) => seq)
}

export function feedSuite(prepare: Prepare): void {
  test('an empty feed has a head, a cursor and the time', async () => {
    const { store } = await prepare()
    const page = await store.page(ask(start))
    expect(page).toMatchObject({ entries: [], more: false, reset: false, cursor: page.head })
    expect(page.head.epoch).toMatch(/^[a-z][a-z0-9]{3,31}$/)
    expect(await store.tail(null)).toMatchObject({
      head: page.head,
      floor: 0,
      entries: [],
      more: false,
    })
  })

  test('the feed leaves out what has expired or never had a token, unless all is asked for', async () => {
    const { store, shift } = await prepare()
    await ended(store, { accessSeconds: 60 })
    await ended(store, { accessSeconds: null })
    await ended(store, { accessSeconds: 600 })
    expect(await seqs(store, ask(start))).toEqual([1, 3])
    shift(2 * minuteMs)
    expect(await seqs(store, ask(start))).toEqual([3])
    expect(await seqs(store, ask(start, { all: true }))).toEqual([1, 2, 3])
    expect((await store.tail(null)).entries.map(({ seq }) => seq)).toEqual([1, 2, 3])
  })

  test('an entry stays listed through the second in which its last token expires', async () => {
    const { store, shift } = await prepare()
    const session = await started(store, { accessSeconds: 60 })
    await store.end({
      sid: session.origin.sid,
      reason: reason('userLogout'),
      by: null,
      guard: 'live',
    })
    const now = await nowOf(store)
    shift(session.access.latestExp * 1000 - now)
    expect(await seqs(store, ask(start))).toEqual([1])
    shift(session.access.latestExp * 1000 - now + 1000)
    expect(await seqs(store, ask(start))).toEqual([])
  })

  test('a cursor yields what ended after it, in pages that never stall on what is left out', async () => {
    const { store, shift } = await prepare()
    for (let index = 0; index < 12; index++) {
      await ended(store, { accessSeconds: index % 4 === 3 ? 6000 : 30 })
    }
    shift(minuteMs)
    const { head } = await store.tail(0)
    const found: number[] = []
    let page = await store.page(ask(after(head.epoch, 0), { limit: 2 }))
    for (;;) {
      found.push(...page.entries.map(({ seq }) => seq))
      if (!page.more) break
      expect(page.cursor.seq).toBe(page.entries.at(-1)?.seq)
      page = await store.page(ask(after(head.epoch, page.cursor.seq), { limit: 2 }))
    }
    expect(found).toEqual([4, 8, 12])
    expect(page.cursor).toEqual(head)
    expect(await store.page(ask(after(head.epoch, 12)))).toMatchObject({
      entries: [],
      reset: false,
    })
  })

  test('rule 7 restored: an unknown epoch and a cursor ahead of the head reset to everything unexpired', async () => {
    const { store } = await prepare()
    for (let index = 0; index < 3; index++) await ended(store)
    const { head } = await store.tail(0)
    for (const position of [after('eother' as Epoch, 3), after(head.epoch, 4)]) {
      const page = await store.page(ask(position))
      expect(page).toMatchObject({ reset: true, more: false, cursor: head })
      expect(page.entries).toHaveLength(3)
      const first = await store.page(ask(position, { limit: 2 }))
      expect(first).toMatchObject({
        reset: true,
        more: true,
        cursor: { epoch: head.epoch, seq: 2 },
      })
    }
  })

  test('rule 7 restored: the epoch is renewed once by all who saw the same one', async () => {
    const { store, second } = await prepare()
    const other = await second()
    const { head } = await store.tail(0)
    const answers = await Promise.all([store.renewEpoch(head.epoch), other.renewEpoch(head.epoch)])
    expect(answers[0]).toBe(answers[1])
    expect(answers[0]).not.toBe(head.epoch)
    expect((await store.tail(0)).head).toEqual({ epoch: answers[0], seq: head.seq })
  })

  test('rule 38 feed time: a numeric since is inclusive and looks back five seconds', async () => {
    const { store, shift } = await prepare()
    const base = toSeconds(await nowOf(store)) * 1000
    const at = async (offsetMs: number): Promise<void> => {
      shift(base + offsetMs - Number(await nowOf(store)) + shifted)
      shifted += base + offsetMs - Number(await nowOf(store))
    }
    let shifted = 0
    await at(100_000)
    await ended(store)
    const [first] = (await store.tail(null)).entries
    const second = toSeconds(first?.at as never)
    expect(await seqs(store, ask(since(second)))).toEqual([1])
    expect(await seqs(store, ask(since(second + 5)))).toEqual([1])
    expect(await seqs(store, ask(since(second + 6)))).toEqual([])
    expect(await seqs(store, ask(since(0)))).toEqual([1])
    expect(await store.page(ask(since(second + 6)))).toMatchObject({ reset: false, more: false })
  })

  test('rule 38 feed time: at rises with seq although the clock is set back', async () => {
    const { store, shift } = await prepare()
    await ended(store)
    shift(-hourMs)
    await ended(store)
    const [first, second] = (await store.tail(null)).entries
    expect(second?.at).toBeGreaterThanOrEqual(first?.at ?? Number.POSITIVE_INFINITY)
    expect(second?.seq).toBe(2)
  })

  test('the tail answers rows after a number, and the numbers have no gaps', async () => {
    const { store } = await prepare()
    const sids: SessionId[] = []
    for (let index = 0; index < 4; index++) sids.push(await ended(store))
    const { entries, head } = await store.tail(1)
    expect(entries.map(({ seq, sid }) => [seq, sid])).toEqual(
      [2, 3, 4].map((seq) => [seq, sids[seq - 1]]),
    )
    expect(head.seq).toBe(4)
    expect((await store.tail(4)).entries).toEqual([])
  })

  test('rule 5 snapshot as of: feed rows go only after an hour, their expiry and the retention', async () => {
    const { store, shift } = await prepare()
    const limits = { feedRetentionMs: 0, endedRetentionMs: 365 * dayMs, rowsMax: 100 }
    await ended(store, { accessSeconds: 60 })
    await ended(store, { accessSeconds: 7200 })
    await ended(store, { accessSeconds: 60 })
    expect((await store.prune(limits)).feedRows).toBe(0)
    shift(hourMs + minuteMs)
    expect((await store.prune({ ...limits, feedRetentionMs: dayMs })).feedRows).toBe(0)
    expect((await store.prune(limits)).feedRows).toBe(2)
    const tail = await store.tail(null)
    expect(tail.entries.map(({ seq }) => seq)).toEqual([2])
    expect(tail.floor).toBe(3)
    shift(3 * hourMs)
    expect((await store.prune(limits)).feedRows).toBe(1)
    expect((await store.tail(null)).floor).toBe(3)
  })

  test('a cursor below the floor resets; at the floor it does not', async () => {
    const { store, shift } = await prepare()
    for (let index = 0; index < 3; index++) await ended(store, { accessSeconds: 60 })
    await ended(store, { accessSeconds: 2 * 3600 })
    const { epoch } = (await store.tail(0)).head
    shift(hourMs + minuteMs)
    await store.prune({ feedRetentionMs: 0, endedRetentionMs: dayMs, rowsMax: 2 })
    await store.prune({ feedRetentionMs: 0, endedRetentionMs: dayMs, rowsMax: 2 })
    for (const seq of [0, 2]) {
      expect(await store.page(ask(after(epoch, seq)))).toMatchObject({
        reset: true,
        entries: [{ seq: 4 }],
      })
    }
    expect(await store.page(ask(after(epoch, 3)))).toMatchObject({
      reset: false,
      entries: [{ seq: 4 }],
    })
  })

  test('scenario K06: ended sessions are deleted after their retention in bounded steps, live ones never', async () => {
    const { store, shift } = await prepare()
    const sids: SessionId[] = []
    for (let index = 0; index < 3; index++) sids.push(await ended(store))
    const live = await started(store)
    const limits = { feedRetentionMs: 30 * dayMs, endedRetentionMs: dayMs, rowsMax: 2 }
    expect(await store.prune(limits)).toEqual({ feedRows: 0, sessions: 0, more: false })
    shift(dayMs + 1000)
    expect((await store.prune(limits)).sessions).toBe(2)
    expect((await store.prune(limits)).sessions).toBe(1)
    expect(await store.read(sids[0] as SessionId)).toBeUndefined()
    expect((await store.read(live.origin.sid))?.session).toEqual(live)
  })
}
