/* What an administrator's console reads of the whole system. */
import { expect, test } from 'vitest'
import type { SessionQuery, Store } from '#authority'
import type { Session, SessionId, Uid } from '#domain'
import { sessionColumns } from '../../src/stores/columns.ts'
import type { Prepare } from './bench.ts'
import { logout } from './effects-suite.ts'
import { everySession, newSid, started } from './sessions.ts'

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
