/* What an administrator's console reads of the whole system. */
import { expect, test } from 'vitest'
import type { ActivityKind, ActivityPage, Replica, SessionQuery, Store } from '#authority'
import {
  type ClientId,
  type FeedCursor,
  instant,
  type Session,
  type SessionId,
  type Uid,
} from '#domain'
import { sessionColumns } from '../../src/stores/columns.ts'
import type { Prepare } from './bench.ts'
import { logout } from './effects-suite.ts'
import { dayMs, everySession, minuteMs, newSid, started } from './sessions.ts'

const first = '00000000-0000-7000-8000-000000000000' as SessionId

export function watchSuite(prepare: Prepare): void {
  test('starts are found by their sids, the newest first, whatever became of them', async () => {
    const { store } = await prepare()
    const sessions = [await started(store), await started(store), await started(store)]
    const sids = sessions.map(({ origin }) => origin.sid).toSorted()
    const [oldest] = sessions
    if (oldest !== undefined) await store.end(logout(oldest))
    expect(await store.startedAfter(first, 10)).toEqual(sids.toReversed())
    expect(await store.startedAfter(sids[0] ?? first, 10)).toEqual([sids[2], sids[1]])
    expect(await store.startedAfter(first, 2)).toEqual([sids[2], sids[1]])
  })

  test('sessions are read by many sids at once; what there is not is left out', async () => {
    const { store } = await prepare()
    const [live, gone] = [await started(store), await started(store)]
    await store.end(logout(gone))
    const found = await store.sessions([gone.origin.sid, newSid(), live.origin.sid])
    const kinds = found.map(({ origin, kind }) => [origin.sid, kind])
    const expected = [
      [live.origin.sid, 'live'],
      [gone.origin.sid, 'ended'],
    ]
    expect(kinds).toEqual(expected.toSorted())
    expect(await store.sessions([])).toEqual([])
  })

  test('a search finds by the beginning of the uid, a whole sid or a whole address, with other filters', async () => {
    const { store } = await prepare()
    const ada = await started(store, { uid: 'ada' as Uid })
    const adam = await started(store, { uid: 'adam' as Uid })
    const bob = await started(store, { uid: 'bob' as Uid })
    const search = (uidPrefix: string, more: Partial<SessionQuery> = {}) =>
      found(store, { ...more, search: { uidPrefix, sid: null, ip: null } })
    expect(await search('ada')).toEqual(newestFirst(ada, adam))
    expect(await search('adam')).toEqual([adam.origin.sid])
    expect(await search('Ada')).toEqual([])
    expect(await search('%')).toEqual([])
    expect(await search('a_a')).toEqual([])
    expect(await search('ada', { uid: bob.origin.uid })).toEqual([])
    expect(await search('ada', { limit: 1 })).toEqual(newestFirst(ada, adam).slice(0, 1))
    const [newest] = newestFirst(ada, adam)
    const rest = newestFirst(ada, adam).slice(1)
    expect(await search('ada', { before: newest ?? null })).toEqual(rest)
    await store.end(logout(ada))
    expect(await search('ada', { state: 'live' })).toEqual([adam.origin.sid])
    const by = (sid: SessionId | null, ip: string | null) =>
      found(store, { search: { uidPrefix: 'nobody', sid, ip } })
    expect(await by(bob.origin.sid, null)).toEqual([bob.origin.sid])
    expect(await by(null, bob.profile.ip)).toEqual(newestFirst(ada, adam, bob))
    expect(await by(null, '203.0.113.9')).toEqual([])
  })

  test('a search that finds very many has the same answer', async () => {
    const { store, raw } = await prepare()
    await started(store, { uid: 'crowd' as Uid })
    await raw(crowd(2100))
    const page = await store.list({
      ...everySession,
      search: { uidPrefix: 'crowd-', sid: null, ip: null },
      limit: 5,
    })
    expect(page.sessions).toHaveLength(5)
    expect(page.more).toBe(true)
    const few = await found(store, {
      search: { uidPrefix: 'crowd-1000000020', sid: null, ip: null },
    })
    expect(few).toHaveLength(100)
    const live = { state: 'ended', search: { uidPrefix: 'crowd', sid: null, ip: null } } as const
    expect(await found(store, live)).toEqual([])
  })

  test('counts of many processes add up, minute by minute, also under load', async () => {
    const { store, second, shift } = await prepare()
    const other = await second()
    const add = (to: Store, count: number) =>
      to.addActivity([
        { kind: 'started', detail: '', count },
        { kind: 'ended', detail: 'user_logout', count: 1 },
      ])
    await Promise.all(Array.from({ length: 20 }, (_, n) => add(n % 2 === 0 ? store : other, 2)))
    await store.addActivity([])
    const before = await store.activity({ stepMinutes: 1, steps: 60 })
    expect(sumOf(before, 'started')).toBe(40)
    expect(sumOf(before, 'ended')).toBe(20)
    shift(30 * minuteMs)
    await add(store, 5)
    const hour = await store.activity({ stepMinutes: 1, steps: 60 })
    expect(sumOf(hour, 'started')).toBe(45)
    expect(hour.from - before.from).toBeGreaterThanOrEqual(30 * minuteMs)
    for (const { at } of hour.counts) {
      expect(at % minuteMs).toBe(0)
      expect(at).toBeGreaterThanOrEqual(hour.from)
    }
    const recent = await store.activity({ stepMinutes: 1, steps: 10 })
    expect(sumOf(recent, 'started')).toBe(5)
    const week = await store.activity({ stepMinutes: 60, steps: 168 })
    expect(sumOf(week, 'ended')).toBe(21)
    expect(week.from % (60 * minuteMs)).toBe(0)
    expect(new Set(week.counts.map(({ detail }) => detail))).toEqual(new Set(['', 'user_logout']))
  })

  test('without any activity there is still a time at which the chart begins', async () => {
    const { store } = await prepare()
    const { from, counts } = await store.activity({ stepMinutes: 10, steps: 144 })
    expect(counts).toEqual([])
    expect(from % (10 * minuteMs)).toBe(0)
  })

  test('replicas are listed while they are heard of, as they said last, and not once they leave', async () => {
    const { store, shift } = await prepare()
    const { head } = await store.followers()
    const one = replica('one', head)
    const two = { ...replica('two', null), worker: 2, ready: false, verifiers: [] }
    await store.beat(one)
    await store.beat(two)
    const read = async () => (await store.followers()).replicas.map(withoutSeen)
    expect(await read()).toEqual([one, two])
    await store.beat({ ...one, lagMs: 7 })
    await store.leave('two')
    await store.leave('unknown')
    const [left] = (await store.followers()).replicas
    expect(left).toMatchObject({ id: 'one', lagMs: 7, cursor: head, verifiers: one.verifiers })
    shift(61_000)
    const later = await store.followers()
    expect(later.replicas).toEqual([])
    expect(later.now - (left?.seenAt ?? 0)).toBeGreaterThan(60_000)
  })

  test('housekeeping takes what nobody is shown any more', async () => {
    const { store, shift, raw } = await prepare()
    await store.addActivity([{ kind: 'refreshed', detail: '', count: 1 }])
    await store.beat(replica('gone', null))
    const limits = { feedRetentionMs: dayMs, endedRetentionMs: dayMs, rowsMax: 100 }
    const rows = async () => [
      (await raw('select minute from activity')).length,
      (await raw('select id from replicas')).length,
    ]
    shift(7 * dayMs)
    await store.prune(limits)
    expect(await rows()).toEqual([1, 0])
    shift(8 * dayMs + 2 * minuteMs)
    await store.prune(limits)
    expect(await rows()).toEqual([0, 0])
  })

  test('sessions that have not ended are counted', async () => {
    const { store } = await prepare()
    const [gone] = [await started(store), await started(store), await started(store)]
    if (gone !== undefined) await store.end(logout(gone))
    expect(await store.countUnended()).toBe(2)
  })
}

async function found(store: Store, query: Partial<SessionQuery>): Promise<readonly SessionId[]> {
  const page = await store.list({ ...everySession, limit: 200, ...query })
  return page.sessions.map(({ origin }) => origin.sid)
}

function newestFirst(...sessions: readonly Session[]): readonly SessionId[] {
  return sessions
    .map(({ origin }) => origin.sid)
    .toSorted()
    .toReversed()
}

/** Copies of the one session that there is, with sids and uids of their own. */
function crowd(size: number): string {
  const own = new Map([
    ['sid', "'0190a000-0000-7000-8000-' || n"],
    ['uid', "'crowd-' || n"],
  ])
  const columns = sessionColumns.map((column) => own.get(column) ?? column)
  return `with recursive numbers(n) as (
      select 100000000000 union all select n + 1 from numbers where n < ${100_000_000_000 + size - 1}
    ) insert into sessions (${sessionColumns.join(', ')})
    select ${columns.join(', ')} from sessions, numbers`
}

function sumOf({ counts }: ActivityPage, kind: ActivityKind): number {
  return counts.reduce((sum, one) => sum + (one.kind === kind ? one.count : 0), 0)
}

function replica(id: string, cursor: FeedCursor | null): Omit<Replica, 'seenAt'> {
  const reader = { clientId: 'satellite' as ClientId, address: '192.0.2.1', userAgent: null }
  return {
    ...{ id, cursor, host: 'node', pid: 7, worker: null, version: '0.1.0' },
    ...{ startedAt: instant(1_767_225_600_000), lagMs: 0, ready: true, streams: 3 },
    verifiers: [{ ...reader, via: 'pull', cursor, seenAt: instant(1_767_225_600_000) }],
  }
}

function withoutSeen({ seenAt, ...replica }: Replica): Omit<Replica, 'seenAt'> {
  expect(seenAt).toBeGreaterThan(0)
  return replica
}
