/* What an administrator's console reads of the whole system. */
import { expect, test } from 'vitest'
import type { SessionId } from '#domain'
import type { Prepare } from './bench.ts'
import { logout } from './effects-suite.ts'
import { newSid, started } from './sessions.ts'

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
}
