import { expect, test } from 'vitest'
import type { Store } from '#authority'
import { type ClientId, type LiveSession, reason, type SessionId } from '#domain'
import type { Prepare } from './bench.ts'
import { approved, lifetimeMs, redemption, type Screen, shown } from './devices.ts'
import { app, minuteMs, newUid, started } from './sessions.ts'

const revoked = (sid: SessionId, family = true) =>
  ({ sid, reason: reason('adminRevoke'), by: null, guard: 'live', family }) as const

const stateOf = async (store: Store, { deviceCode }: Screen) =>
  (await store.pollDevice([deviceCode], app)).row?.state

const kindOf = async (store: Store, { origin }: LiveSession) =>
  (await store.read(origin.sid))?.session.kind

export function devicesSuite(prepare: Prepare): void {
  test('what was asked for is answered to whoever scans, by any of its hashes', async () => {
    const { store } = await prepare()
    const { origin } = await started(store)
    const screen = await shown(store)
    const hashes = ['another secret’s hash', screen.userCode]
    const { row, moved, now } = await store.scanDevice(hashes, origin)
    expect(moved).toBe(true)
    expect(row).toEqual({
      ...{ id: screen.id, clientId: app, scope: 'openid', ip: '192.0.2.9', userAgent: 'TV/1' },
      ...{ resources: ['https://api.example.com'], requestedAt: row?.requestedAt },
      ...{ expiresAt: (row?.requestedAt ?? 0) + lifetimeMs, state: 'scanned', fence: null },
      scanner: { sid: origin.sid, uid: origin.uid },
    })
    expect(now - (row?.requestedAt ?? 0)).toBeLessThan(minuteMs)
  })

  test('codes that exist are drawn again', async () => {
    const { store } = await prepare()
    const { userCode } = await shown(store)
    const asks = { clientId: app, scope: '', resources: [], ip: null, userAgent: null }
    const codes = { id: 'x', deviceCodeHash: 'y', userCodeHash: userCode, watchHash: 'z' }
    const times = { lifetimeMs, intervalMs: 5000 }
    expect(await store.addDevice({ ...asks, ...codes, ...times })).toBe('taken')
  })

  test('rule 31 approval: each move is made once, by the session that scanned, and in time', async () => {
    const { store, shift } = await prepare()
    const [mine, other] = [await started(store), await started(store)]
    const screen = await shown(store)
    const scan = ({ origin }: LiveSession) => store.scanDevice([screen.userCode], origin)
    const decide = ({ origin }: LiveSession, decision: 'approved' | 'denied') =>
      store.decideDevice([screen.userCode], { sid: origin.sid, decision })
    expect((await decide(mine, 'approved')).moved).toBe(false)
    const scans = await Promise.all([scan(mine), scan(other)])
    expect(scans.filter(({ moved }) => moved)).toHaveLength(1)
    const [owner, stranger] = scans[0]?.moved ? [mine, other] : [other, mine]
    expect((await decide(stranger, 'denied')).moved).toBe(false)
    expect((await decide(owner, 'approved')).moved).toBe(true)
    expect((await decide(owner, 'approved')).moved).toBe(false)
    expect((await decide(owner, 'denied')).moved).toBe(false)
    expect(await stateOf(store, screen)).toBe('approved')
    const late = await shown(store)
    await store.scanDevice([late.userCode], mine.origin)
    shift(lifetimeMs)
    const order = { sid: mine.origin.sid, decision: 'approved' } as const
    expect((await store.decideDevice([late.userCode], order)).moved).toBe(false)
  })

  test('a session that has ended or run out decides nothing', async () => {
    const { store, shift } = await prepare()
    const dead = await started(store)
    const weary = await started(store, { idleMs: minuteMs })
    for (const { origin } of [dead, weary]) {
      const { userCode } = await shown(store)
      await store.scanDevice([userCode], origin)
      if (origin === dead.origin) await store.end(revoked(origin.sid))
      else shift(minuteMs)
      const order = { sid: origin.sid, decision: 'approved' } as const
      expect((await store.decideDevice([userCode], order)).moved).toBe(false)
    }
  })

  test('an approval captures the fence of its moment', async () => {
    const { store } = await prepare()
    const uid = newUid()
    await store.endUser({
      ...{ uid, reason: reason('userLogoutAll'), by: null, except: null },
      ...{ requireLive: null, disable: false },
    })
    const session = await started(store, { uid })
    const screen = await approved(store, session)
    const { row } = await store.pollDevice([screen.deviceCode], app)
    expect(row?.fence).toBe(await store.fence())
  })

  test('a poll is of its own client; hurry makes the next one wait for longer', async () => {
    const { store, shift } = await prepare()
    const { deviceCode } = await shown(store)
    const hurried = async () => (await store.pollDevice([deviceCode], app)).hurried
    const strange = await store.pollDevice([deviceCode], 'other' as ClientId)
    expect(strange).toMatchObject({ row: undefined, hurried: false })
    expect(await hurried()).toBe(false)
    expect(await hurried()).toBe(true)
    shift(5000)
    expect(await hurried()).toBe(true)
    shift(21_000)
    expect(await hurried()).toBe(false)
  })

  test('rule 31 approval: of many starts with one approval exactly one is made', async () => {
    const { store, second } = await prepare()
    const stores = [store, await second()] as const
    const parent = await started(store)
    const screen = await approved(store, parent)
    const asked = await Promise.all([0, 1, 2, 3].map(() => redemption(store, screen, parent)))
    const results = await Promise.all(
      asked.map((one, index) => (stores[index % 2] ?? store).start(one)),
    )
    expect(results.filter(({ kind }) => kind === 'started')).toHaveLength(1)
    const refused = { kind: 'voucher-refused', sid: null }
    expect(results.filter(({ kind }) => kind !== 'started')).toEqual([refused, refused, refused])
    expect(await stateOf(store, screen)).toBe('consumed')
  })

  test('a refused start leaves the approval as it was', async () => {
    const { store } = await prepare()
    const parent = await started(store)
    const screen = await approved(store, parent)
    await store.end({ ...revoked(parent.origin.sid, false), reason: reason('userLogout') })
    const asked = await redemption(store, screen, parent)
    const refused = { kind: 'approver-ended' }
    expect(await store.start(asked)).toEqual(refused)
    expect(await stateOf(store, screen)).toBe('approved')
  })

  test('screens are told how theirs stand, all in one read', async () => {
    const { store, shift } = await prepare()
    const parent = await started(store)
    const [one, two] = [await shown(store), await approved(store, parent)]
    const watched = await store.watchedDevice(['another', one.watch])
    expect(watched).toEqual({ id: one.id, standing: 'pending' })
    const standings = async () =>
      (await store.deviceStandings([one.id, two.id, 'gone'])).map(({ standing }) => standing)
    expect((await standings()).toSorted()).toEqual(['approved', 'pending'])
    shift(lifetimeMs)
    expect(await standings()).toEqual(['expired', 'expired'])
  })

  test('rule 31 approval: an end with its family is one transaction, in the feed in order of sid', async () => {
    const { store } = await prepare()
    const parent = await started(store)
    const bystander = await started(store, { uid: parent.origin.uid })
    const screens = [await approved(store, parent), await approved(store, parent)]
    const children: LiveSession[] = []
    for (const screen of screens) {
      const asked = await redemption(store, screen, parent)
      expect(await store.start(asked)).toMatchObject({ kind: 'started' })
      children.push(asked.candidate)
    }
    const result = await store.end(revoked(parent.origin.sid))
    if (result.kind !== 'ended') throw new Error(result.kind)
    const sids = children.map(({ origin }) => origin.sid)
    expect(result.children?.map(({ sid }) => sid).toSorted()).toEqual(sids.toSorted())
    expect(result.children?.map(({ end }) => end.reason)).toEqual(['admin_revoke', 'admin_revoke'])
    const { entries } = await store.tail(null)
    expect(entries.map(({ sid }) => sid)).toEqual([parent.origin.sid, ...sids].toSorted())
    expect(new Set(entries.map(({ at }) => at)).size).toBe(1)
    expect(await kindOf(store, bystander)).toBe('live')
    expect(await store.end(revoked(parent.origin.sid))).toMatchObject({ kind: 'already' })
    expect(await store.end(revoked('unknown' as SessionId))).toEqual({ kind: 'unknown' })
  })

  test('what ran out more than an hour ago is pruned', async () => {
    const { store, shift } = await prepare()
    const screen = await shown(store)
    const limits = { feedRetentionMs: 0, endedRetentionMs: 0, rowsMax: 100 }
    shift(lifetimeMs + 59 * minuteMs)
    await store.prune(limits)
    expect(await stateOf(store, screen)).toBe('pending')
    shift(lifetimeMs + 61 * minuteMs)
    await store.prune(limits)
    expect(await stateOf(store, screen)).toBeUndefined()
  })
}
