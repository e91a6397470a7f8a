import { expect, test } from 'vitest'
import type { EndOrder } from '#authority'
import { reason, type SessionId, type Uid } from '#domain'
import { headOf, type Prepare } from './bench.ts'
import { everySession, minuteMs, newSid, newUid, request, started, token } from './sessions.ts'

const logout = (sid: SessionId, by: Uid | null = null): EndOrder => ({
  sid,
  reason: reason('userLogout'),
  by,
  guard: 'live',
})
const single = { policy: 'single' } as const
const shared = { policy: 'shared' } as const

export function endsSuite(prepare: Prepare): void {
  test('an end is recorded with reason, actor, time and number, and raises the version', async () => {
    const { store } = await prepare()
    const session = await started(store)
    const result = await store.end(logout(session.origin.sid, session.origin.uid))
    if (result.kind !== 'ended') throw new Error(result.kind)
    const { recorded } = result
    const { end } = recorded
    expect(end).toMatchObject({ reason: 'user_logout', by: session.origin.uid, seq: 1 })
    expect(recorded.exp).toBe(session.access.latestExp)
    expect(recorded.uid).toBe(session.origin.uid)
    const read = await store.read(session.origin.sid)
    expect(read?.session).toEqual({ ...session, kind: 'ended', version: 2, end })
  })

  test('what is answered of each end is its entry in the feed, with the epoch', async () => {
    const { store } = await prepare()
    const uid = newUid()
    const plain = await started(store, { uid, accessSeconds: null })
    const others = [await started(store, { uid }), await started(store)] as const
    const one = await store.end(logout(others[1].origin.sid))
    const whole = await store.endUser({
      ...{ uid, reason: reason('userLogoutAll'), by: uid, except: null },
      ...{ requireLive: null, disable: false },
    })
    if (one.kind !== 'ended' || whole.kind !== 'done') throw new Error('not ended')
    const { head, entries } = await store.tail(null)
    const told = [one.recorded, ...whole.ended]
    expect(new Set(told.map(({ epoch }) => epoch))).toEqual(new Set([head.epoch]))
    expect(told.map(({ sid, jti, exp, end: { seq, at } }) => ({ seq, sid, jti, exp, at }))).toEqual(
      entries,
    )
    expect(told.find(({ sid }) => sid === plain.origin.sid)?.jti).toBeNull()
    expect(told[0]?.jti).toBe(others[1].access.newest?.jti)
  })

  test('the first end stands: a second one is told of it and writes nothing', async () => {
    const { store } = await prepare()
    const { origin } = await started(store)
    const first = await store.end(logout(origin.sid, origin.uid))
    const again = await store.end({ ...logout(origin.sid), reason: reason('adminRevoke') })
    if (first.kind !== 'ended') throw new Error(first.kind)
    expect(again).toEqual({ kind: 'already', end: first.recorded.end })
    expect(await headOf(store)).toBe(1)
  })

  test('of many ends of one session at once exactly one ends it, once in the feed', async () => {
    const { store, second } = await prepare()
    const other = await second()
    const { origin } = await started(store)
    const stores = [store, other, store, other, store, other, store, other]
    const results = await Promise.all(stores.map((one) => one.end(logout(origin.sid))))
    expect(results.filter(({ kind }) => kind === 'ended')).toHaveLength(1)
    expect(results.filter(({ kind }) => kind === 'already')).toHaveLength(7)
    expect((await store.tail(null)).entries).toHaveLength(1)
  })

  test('an unknown sid is told apart from an ended one, also within one group', async () => {
    const { store } = await prepare()
    const { origin } = await started(store)
    const results = await Promise.all([store.end(logout(newSid())), store.end(logout(origin.sid))])
    expect(results.map(({ kind }) => kind)).toEqual(['unknown', 'ended'])
  })

  test("rule 6 the store's clock: an end because of expiry happens only when the database agrees", async () => {
    const { store, shift } = await prepare()
    const { origin } = await started(store, { idleMs: minuteMs })
    const order = {
      sid: origin.sid,
      reason: reason('expired'),
      by: null,
      guard: 'expired',
    } as const
    expect(await store.end(order)).toEqual({ kind: 'not-expired' })
    shift(minuteMs)
    expect(await store.end(order)).toMatchObject({ kind: 'ended' })
  })

  test('an order to end goes before one that only ends what has run out', async () => {
    const { store } = await prepare()
    const { origin } = await started(store)
    const expire = {
      sid: origin.sid,
      reason: reason('expired'),
      by: null,
      guard: 'expired',
    } as const
    const [, ended] = await Promise.all([store.end(expire), store.end(logout(origin.sid))])
    expect(ended.kind).toBe('ended')
  })

  test('rule 2 no way back: no swap brings back or changes an ended session', async () => {
    const { store } = await prepare()
    const session = await started(store)
    await store.end(logout(session.origin.sid))
    const ended = await store.read(session.origin.sid)
    for (const version of [1, 2]) {
      const from = { ...session, version }
      expect(await store.swap(from, { ...from, life: { ...from.life } })).toBe('conflict')
    }
    expect((await store.read(session.origin.sid))?.session).toEqual(ended?.session)
  })

  test.each([
    'revoked_at = null, revoked_reason = null, feed_seq = null, revoked_by_user_id = null',
    'revoked_at = revoked_at + 1',
    "revoked_reason = 'other'",
    "revoked_by_user_id = 'somebody'",
    'feed_seq = feed_seq + 1',
  ])('rule 2 no way back: the database refuses to set %s of an ended row', async (sets) => {
    const { store, raw } = await prepare()
    const { origin } = await started(store)
    await store.end(logout(origin.sid))
    const before = await store.read(origin.sid)
    await expect(raw(`update sessions set version = version + 1, ${sets}`)).rejects.toThrow(
      'no way back',
    )
    expect((await store.read(origin.sid))?.session).toEqual(before?.session)
  })

  test('rule 2 no way back: the database refuses a write that does not raise the version, and half an end', async () => {
    const { store, raw } = await prepare()
    const { origin } = await started(store)
    await expect(raw("update sessions set ip = 'x'")).rejects.toThrow('no way back')
    await expect(raw('update sessions set version = version + 1, revoked_at = 1')).rejects.toThrow()
    expect((await store.read(origin.sid))?.session.version).toBe(1)
  })

  test('a start in a single class ends the session that was there, and says so in the feed', async () => {
    const { store } = await prepare()
    const uid = newUid()
    const first = await started(store, { uid, device: 'app', policy: single })
    const result = await store.start(await request(store, { uid, device: 'app', policy: single }))
    if (result.kind !== 'started') throw new Error(result.kind)
    expect(result.ended.map(({ sid, end }) => [sid, end.reason])).toEqual([
      [first.origin.sid, 'superseded'],
    ])
    expect(result.asOf.seq).toBe(1)
    const live = await store.list({ ...everySession, uid, state: 'live' })
    expect(live.sessions).toHaveLength(1)
    expect((await store.tail(null)).entries.map(({ sid }) => sid)).toEqual([first.origin.sid])
  })

  test('a start in a multiple class ends the oldest past the limit, and the same device', async () => {
    const { store, shift } = await prepare()
    const wish = { uid: newUid(), policy: { policy: 'multiple', limit: 2 } } as const
    const first = await started(store, { ...wish, deviceId: 'a' })
    shift(10)
    const second = await started(store, wish)
    shift(20)
    const replaced = await store.start(await request(store, { ...wish, deviceId: 'a' }))
    expect(replaced).toMatchObject({
      ended: [{ sid: first.origin.sid, end: { reason: 'superseded' } }],
    })
    shift(30)
    const limited = await store.start(await request(store, wish))
    expect(limited).toMatchObject({
      ended: [{ sid: second.origin.sid, end: { reason: 'device_limit' } }],
    })
  })

  test('rule 9 joins: a start in a shared class names the session to join and writes nothing', async () => {
    const { store } = await prepare()
    const wish = { uid: newUid(), device: 'pc', policy: shared }
    const first = await started(store, wish)
    const joined = await store.start(await request(store, wish))
    expect(joined).toEqual({ kind: 'join', sid: first.origin.sid })
    expect((await store.list({ ...everySession, uid: wish.uid })).sessions).toHaveLength(1)
    const fresh = await store.start(await request(store, { ...wish, mayJoin: false }))
    expect(fresh).toMatchObject({ kind: 'started', ended: [{ sid: first.origin.sid }] })
  })

  test.each([single, shared, { policy: 'multiple', limit: 1 } as const])(
    'rule 8 expired frees its place: a start of policy $policy ends what has run out',
    async (policy) => {
      const { store, shift } = await prepare()
      const wish = { uid: newUid(), device: 'app', policy }
      const first = await started(store, { ...wish, idleMs: minuteMs })
      shift(minuteMs)
      const result = await store.start(await request(store, wish))
      if (result.kind !== 'started') throw new Error(result.kind)
      expect(result.ended.map(({ sid, end }) => [sid, end.reason])).toEqual([
        [first.origin.sid, 'expired'],
      ])
    },
  )

  test('rule 1 fence: a start that captured its fence before the user was signed out is refused', async () => {
    const { store } = await prepare()
    const uid = newUid()
    const early = await request(store, { uid })
    const end = {
      uid,
      reason: reason('userLogoutAll'),
      by: uid,
      except: null,
      requireLive: null,
      disable: false,
    }
    expect(await store.endUser(end)).toEqual({ kind: 'done', ended: [] })
    expect(await store.start(early)).toEqual({ kind: 'fence-moved' })
    expect(await store.start({ ...early, fence: await store.fence() })).toMatchObject({
      kind: 'started',
    })
    expect(await store.start({ ...(await request(store)), fence: 0 })).toMatchObject({
      kind: 'started',
    })
    expect(await store.user(uid)).toEqual({ disabledAt: null, fence: 1 })
  })

  test('rule 1 fence: a fence that was never reached is refused', async () => {
    const { store } = await prepare()
    const asked = await request(store, { fence: 7 })
    expect(await store.start(asked)).toEqual({ kind: 'fence-moved' })
    expect(await store.read(asked.candidate.origin.sid)).toBeUndefined()
  })

  test('rule 1 fence: a disabled user starts nothing until enabled, also one never seen before', async () => {
    const { store } = await prepare()
    const uid = newUid()
    const disable = {
      uid,
      reason: reason('userDisabled'),
      by: null,
      except: null,
      requireLive: null,
      disable: true,
    }
    await store.endUser(disable)
    const first = (await store.user(uid)).disabledAt
    expect(first).not.toBeNull()
    expect(await store.start(await request(store, { uid }))).toEqual({ kind: 'user-disabled' })
    await store.endUser(disable)
    expect((await store.user(uid)).disabledAt).toBe(first)
    await store.enableUser(uid)
    expect(await store.start(await request(store, { uid }))).toMatchObject({ kind: 'started' })
    await store.enableUser(newUid())
  })

  test('the end of a user ends all but the excepted session, with one step of the head, in order of sid', async () => {
    const { store } = await prepare()
    const uid = newUid()
    const sessions = await Promise.all([1, 2, 3, 4].map(() => started(store, { uid })))
    const bystander = await started(store)
    const [kept, ...rest] = sessions.map(({ origin }) => origin.sid)
    const order = {
      uid,
      reason: reason('userLogoutOthers'),
      by: uid,
      except: kept ?? null,
      requireLive: kept ?? null,
      disable: false,
    }
    const result = await store.endUser(order)
    if (result.kind !== 'done') throw new Error(result.kind)
    expect(result.ended.map(({ sid }) => sid)).toEqual(rest.toSorted())
    expect(result.ended.map(({ end }) => end.seq)).toEqual([1, 2, 3])
    expect(new Set(result.ended.map(({ end }) => end.at)).size).toBe(1)
    for (const sid of [kept, bystander.origin.sid]) {
      expect((await store.read(sid as SessionId))?.session.kind).toBe('live')
    }
  })

  test('the end of a user that a dead session asks for does nothing', async () => {
    const { store, shift } = await prepare()
    const uid = newUid()
    const [dead, other] = [await started(store, { uid }), await started(store, { uid })]
    const idle = await started(store, { uid, idleMs: minuteMs })
    await store.end(logout(dead.origin.sid))
    shift(minuteMs)
    const strangers = await started(store)
    for (const caller of [dead, idle, strangers]) {
      const order = {
        uid,
        reason: reason('userLogoutAll'),
        by: uid,
        except: null,
        requireLive: caller.origin.sid,
        disable: false,
      }
      expect(await store.endUser(order)).toEqual({ kind: 'caller-ended' })
    }
    expect(await store.fence()).toBe(0)
    expect((await store.read(other.origin.sid))?.session.kind).toBe('live')
  })

  test('the feed tells the newest token and the latest expiry of all of them', async () => {
    const { store } = await prepare()
    const session = await started(store, { accessSeconds: 900 })
    const newest = token(session.origin.createdAt, 60)
    await store.swap(session, {
      ...session,
      access: { newest, latestExp: session.access.latestExp },
    })
    await store.end(logout(session.origin.sid))
    const [entry] = (await store.tail(null)).entries
    expect(entry).toMatchObject({ jti: newest.jti, exp: session.access.latestExp })
  })
}
