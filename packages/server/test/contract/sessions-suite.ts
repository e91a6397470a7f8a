import { expect, test } from 'vitest'
import { addMs, type LiveSession, reason, type SessionId } from '#domain'
import type { Prepare } from './bench.ts'
import {
  everySession,
  fullSession,
  minuteMs,
  newSid,
  newUid,
  request,
  started,
  token,
} from './sessions.ts'

export function sessionsSuite(prepare: Prepare): void {
  test('scenario K05: reads a session back exactly as it was started, every part filled or none', async () => {
    const { store } = await prepare()
    const bare = await started(store, { accessSeconds: null })
    const asked = await request(store)
    const full = fullSession(asked.candidate)
    await store.start({ ...asked, candidate: full })
    expect((await store.read(bare.origin.sid))?.session).toEqual(bare)
    expect((await store.read(full.origin.sid))?.session).toEqual(full)
  })

  test('answers undefined for a sid that it does not know', async () => {
    const { store } = await prepare()
    expect(await store.read(newSid())).toBeUndefined()
  })

  test.each([
    'profile',
    'life',
    'grants',
    'rotation',
    'access',
    'sessionToken',
    'provider',
  ] as const)(
    'a swap of %s writes that part, raises the version by one and leaves the others',
    async (part) => {
      const { store } = await prepare()
      const from = await started(store)
      const other = fullSession({
        ...from,
        life: { ...from.life, lastSeenAt: addMs(from.life.lastSeenAt, 5) },
      })
      const to: LiveSession = { ...from, [part]: other[part] }
      expect(await store.swap(from, to)).toBe('swapped')
      expect((await store.read(from.origin.sid))?.session).toEqual({ ...to, version: 2 })
    },
  )

  test('a swap of nothing but the version still raises it', async () => {
    const { store } = await prepare()
    const from = await started(store)
    expect(await store.swap(from, { ...from })).toBe('swapped')
    expect((await store.read(from.origin.sid))?.session.version).toBe(2)
  })

  test('two swaps of one version: one wins, the other conflicts and writes nothing', async () => {
    const { store } = await prepare()
    const from = await started(store)
    const rename = (deviceName: string): LiveSession => ({
      ...from,
      profile: { ...from.profile, deviceName },
    })
    const results = await Promise.all([
      store.swap(from, rename('a')),
      store.swap(from, rename('b')),
    ])
    expect(results.toSorted()).toEqual(['conflict', 'swapped'])
    const winner = results[0] === 'swapped' ? 'a' : 'b'
    const read = await store.read(from.origin.sid)
    expect(read?.session.profile.deviceName).toBe(winner)
    expect(read?.session.version).toBe(2)
  })

  test('a swap can take a part away', async () => {
    const { store } = await prepare()
    const asked = await request(store)
    const full = fullSession(asked.candidate)
    await store.start({ ...asked, candidate: full })
    expect(await store.swap(full, { ...full, provider: null, rotation: null })).toBe('swapped')
    const read = await store.read(full.origin.sid)
    expect(read?.session).toEqual({ ...full, provider: null, rotation: null, version: 2 })
  })

  test("rule 6 the store's clock: a swap of a row that has run out by the database's clock conflicts", async () => {
    const { store, shift } = await prepare()
    const idle = await started(store, { idleMs: minuteMs })
    const absolute = await started(store, { absoluteMs: minuteMs })
    shift(minuteMs)
    for (const from of [idle, absolute]) {
      expect(await store.swap(from, { ...from, life: { ...from.life } })).toBe('conflict')
      expect((await store.read(from.origin.sid))?.session).toEqual(from)
    }
  })

  test("rule 6 the store's clock: reads answer the database's time with the row", async () => {
    const { store, shift } = await prepare()
    const session = await started(store)
    const before = await store.read(session.origin.sid)
    shift(10 * minuteMs)
    const after = await store.read(session.origin.sid)
    const passed = (after?.now ?? 0) - (before?.now ?? 0)
    expect(passed).toBeGreaterThanOrEqual(10 * minuteMs)
    expect(passed).toBeLessThan(11 * minuteMs)
  })

  test('rule 5 snapshot as of: a live row names a head below its own end', async () => {
    const { store } = await prepare()
    const [session, other] = [await started(store), await started(store)]
    const before = await store.read(session.origin.sid)
    await store.end({
      sid: other.origin.sid,
      reason: reason('userLogout'),
      by: null,
      guard: 'live',
    })
    const between = await store.read(session.origin.sid)
    await store.end({
      sid: session.origin.sid,
      reason: reason('userLogout'),
      by: null,
      guard: 'live',
    })
    const after = await store.read(session.origin.sid)
    expect([before, between, after].map((read) => read?.asOf.seq)).toEqual([0, 1, 2])
    expect(before?.asOf.epoch).toBe(after?.asOf.epoch)
    expect(after?.session).toMatchObject({ kind: 'ended', end: { seq: 2 } })
  })

  test('lists newest first, in pages, by every filter', async () => {
    const { store, shift } = await prepare()
    const uid = newUid()
    const sessions: LiveSession[] = []
    for (let index = 0; index < 5; index++) {
      shift(index * 10)
      sessions.push(await started(store, { uid, device: index === 2 ? 'app' : 'web' }))
    }
    await started(store)
    const sids = sessions.map(({ origin }) => origin.sid).toReversed()
    const list = async (wish: Partial<typeof everySession>): Promise<readonly SessionId[]> =>
      (await store.list({ ...everySession, uid, ...wish })).sessions.map(({ origin }) => origin.sid)
    const first = await store.list({ ...everySession, uid, limit: 2 })
    expect(first.sessions.map(({ origin }) => origin.sid)).toEqual(sids.slice(0, 2))
    expect(first.more).toBe(true)
    const rest = await store.list({ ...everySession, uid, before: sids[1] ?? null, limit: 3 })
    expect(rest.sessions.map(({ origin }) => origin.sid)).toEqual(sids.slice(2))
    expect(rest.more).toBe(false)
    expect(await list({ device: 'app' })).toEqual([sids[2]])
    expect(await list({ ip: '192.0.2.7' })).toEqual(sids)
    expect(await list({ ip: '192.0.2.8' })).toEqual([])
    await store.end({
      sid: sids[0] as SessionId,
      reason: reason('adminRevoke'),
      by: null,
      guard: 'live',
    })
    expect(await list({ state: 'live' })).toEqual(sids.slice(1))
    expect(await list({ state: 'ended' })).toEqual([sids[0]])
    expect(await list({ reason: reason('adminRevoke') })).toEqual([sids[0]])
    expect((await store.list({ ...everySession, uid: newUid() })).now).toBeGreaterThan(0)
  })

  test('an expired session is in no list of live ones, and the search for expired ones finds it', async () => {
    const { store, shift } = await prepare()
    const uid = newUid()
    const short = [1, 2, 3].map(() => started(store, { uid, idleMs: minuteMs }))
    const sids = (await Promise.all(short)).map(({ origin }) => origin.sid).toSorted()
    await started(store, { uid })
    expect((await store.expired(null, 10)).sids).toEqual([])
    shift(minuteMs)
    expect((await store.list({ ...everySession, uid, state: 'live' })).sessions).toHaveLength(1)
    const first = await store.expired(null, 2)
    expect(first.sids).toEqual(sids.slice(0, 2))
    expect(first.next).toMatchObject({ sid: sids[1] })
    expect(await store.expired(first.next, 2)).toEqual({ sids: [sids[2]], next: null })
  })

  test('scenario K06: what may be used once is used once, for one kind, until it expires', async () => {
    const { store, shift } = await prepare()
    const { now } = await store.tail(0)
    const until = addMs(now, minuteMs)
    const uses = await Promise.all([1, 2, 3].map(() => store.once('assertion', 'a', until)))
    expect(uses.filter((first) => first)).toHaveLength(1)
    expect(await store.once('other', 'a', until)).toBe(true)
    shift(minuteMs + 1000)
    expect(await store.once('assertion', 'a', addMs(until, 2 * minuteMs))).toBe(true)
    expect(await store.once('assertion', 'a', addMs(until, 2 * minuteMs))).toBe(false)
  })

  test('what was acknowledged is there after a restart', async () => {
    const { store, reopen } = await prepare()
    const [ended, live] = [await started(store), await started(store)]
    await store.end({
      sid: ended.origin.sid,
      reason: reason('userLogout'),
      by: null,
      guard: 'live',
    })
    const next: LiveSession = {
      ...live,
      access: { newest: token(live.origin.createdAt, 9), latestExp: live.access.latestExp },
    }
    await store.swap(live, next)
    const again = await reopen()
    expect((await again.read(ended.origin.sid))?.session.kind).toBe('ended')
    expect((await again.read(live.origin.sid))?.session).toEqual({ ...next, version: 2 })
    expect((await again.tail(null)).entries.map(({ sid }) => sid)).toEqual([ended.origin.sid])
  })
}
