import { expect, test } from 'vitest'
import type { ProviderLogoutOrder, StartResult, Store } from '#authority'
import { addMs, type Instant, type LiveSession, type ProviderLink, type Uid } from '#domain'
import { nowOf, type Prepare } from './bench.ts'
import { fullSession, minuteMs, newUid, request } from './sessions.ts'

const issuer = 'https://idp.example.com'
const hourMs = 3_600_000

interface Wish {
  readonly uid?: Uid
  readonly subject?: string
  readonly providerSid?: string | null
  readonly fence?: number
  readonly from?: string
}

function linkOf(candidate: LiveSession, wish: Wish): ProviderLink {
  const { provider } = fullSession(candidate)
  if (provider === null) throw new Error('a full session has a provider')
  const { subject = 'sub', providerSid = 'psid', from = issuer } = wish
  return { ...provider, issuer: from, subject, providerSid }
}

async function start(
  store: Store,
  wish: Wish = {},
): Promise<{ result: StartResult; session: LiveSession }> {
  const { uid = newUid() } = wish
  const asked = await request(
    store,
    wish.fence === undefined ? { uid } : { uid, fence: wish.fence },
  )
  const candidate = { ...asked.candidate, provider: linkOf(asked.candidate, wish) }
  return { result: await store.start({ ...asked, candidate }), session: candidate }
}

const bySid = (providerSid = 'psid', rememberMs = hourMs): ProviderLogoutOrder => ({
  issuer,
  target: { by: 'sid', providerSid, of: null },
  once: null,
  rememberMs,
})

const bySubject = (createdUntil: Instant, subject = 'sub'): ProviderLogoutOrder => ({
  issuer,
  target: { by: 'subject', subject, createdUntil },
  once: null,
  rememberMs: 0,
})

const isLive = async (store: Store, session: LiveSession): Promise<boolean> =>
  (await store.read(session.origin.sid))?.session.kind === 'live'

export function providerSuite(prepare: Prepare): void {
  test('a logout by the provider’s sid ends its sessions alone, once in the feed, as the system’s', async () => {
    const { store } = await prepare()
    const { session: mine } = await start(store)
    const { session: sameSid } = await start(store, { subject: 'another client knows it so' })
    const { session: otherSid } = await start(store, { providerSid: 'other' })
    const { session: otherIssuer } = await start(store, { from: 'https://elsewhere.example.com' })
    const result = await store.endByProvider(bySid())
    if (result.kind !== 'done') throw new Error(result.kind)
    expect(result.ended.map(({ sid }) => sid)).toEqual(
      [mine.origin.sid, sameSid.origin.sid].toSorted(),
    )
    expect(result.ended[0]?.end).toMatchObject({ reason: 'idp_logout', by: null, seq: 1 })
    expect(await isLive(store, otherSid)).toBe(true)
    expect(await isLive(store, otherIssuer)).toBe(true)
    expect((await store.tail(null)).entries).toHaveLength(2)
    expect(await store.endByProvider(bySid())).toEqual({ kind: 'done', ended: [] })
  })

  test('a logout by a sid that no session has ends those of the subject of whom no sid is known', async () => {
    const { store, shift } = await prepare()
    const { session: unnamed } = await start(store, { providerSid: null })
    const { session: named } = await start(store, { providerSid: 'another' })
    const { session: stranger } = await start(store, { subject: 'x', providerSid: null })
    const createdUntil = addMs(await nowOf(store), 500)
    shift(minuteMs)
    const { session: later } = await start(store, { providerSid: null })
    const of = { subject: 'sub', createdUntil }
    const order = (providerSid: string): ProviderLogoutOrder => ({
      ...bySid(providerSid),
      target: { by: 'sid', providerSid, of },
    })
    expect(await store.endByProvider(order('another'))).toMatchObject({
      ended: [{ sid: named.origin.sid }],
    })
    expect(await store.endByProvider(order('unknown'))).toMatchObject({
      ended: [{ sid: unnamed.origin.sid }],
    })
    expect(await isLive(store, stranger)).toBe(true)
    expect(await isLive(store, later)).toBe(true)
  })

  test('rule 23 late sign-in: a remembered sid refuses starts for an hour, other sids and issuers start', async () => {
    const { store, second, shift } = await prepare()
    const other = await second()
    await store.endByProvider(bySid())
    expect((await start(other)).result).toEqual({ kind: 'provider-logged-out' })
    expect((await start(other, { providerSid: 'x' })).result.kind).toBe('started')
    expect((await start(other, { providerSid: null })).result.kind).toBe('started')
    const elsewhere = await start(other, { from: 'https://elsewhere.example.com' })
    expect(elsewhere.result.kind).toBe('started')
    shift(hourMs + 1000)
    expect((await start(other)).result.kind).toBe('started')
  })

  test('rule 23 late sign-in: what is not to be remembered refuses nothing', async () => {
    const { store } = await prepare()
    await store.endByProvider(bySid('psid', 0))
    expect((await start(store)).result.kind).toBe('started')
    await store.endByProvider(bySid('psid', 0))
    expect((await start(store)).result.kind).toBe('started')
  })

  test('rule 23 late sign-in: of a logout and the starts that race with it none survives', async () => {
    const { store, second } = await prepare()
    const other = await second()
    for (let round = 0; round < 8; round++) {
      const providerSid = `round-${round}`
      const racing = [
        ...Array.from({ length: 4 }, () => start(other, { providerSid })),
        store.endByProvider(bySid(providerSid)).then(() => undefined),
        ...Array.from({ length: 4 }, () => start(store, { providerSid })),
      ]
      for (const raced of await Promise.all(racing)) {
        if (raced !== undefined) expect(await isLive(store, raced.session)).toBe(false)
      }
    }
  })

  test('rule 23 late sign-in: of a logout by subject and the starts that race with it none survives', async () => {
    const { store, second } = await prepare()
    const other = await second()
    for (let round = 0; round < 8; round++) {
      const subject = `subject-${round}`
      const fence = await store.fence()
      const until = addMs(await nowOf(store), hourMs)
      const racing = [
        ...Array.from({ length: 4 }, () => start(other, { subject, fence, providerSid: null })),
        store.endByProvider(bySubject(until, subject)).then(() => undefined),
        ...Array.from({ length: 4 }, () => start(store, { subject, fence, providerSid: null })),
      ]
      for (const raced of await Promise.all(racing)) {
        if (raced !== undefined) expect(await isLive(store, raced.session)).toBe(false)
      }
    }
  })

  test('rule 23 late sign-in: a logout of the subject ends what was created until then, and moves the fence', async () => {
    const { store, shift } = await prepare()
    const uid = newUid()
    const fence = await store.fence()
    const { session: before } = await start(store, { uid })
    const until = addMs(await nowOf(store), 500)
    shift(minuteMs)
    const { session: after } = await start(store, { uid, providerSid: 'later' })
    const { session: stranger } = await start(store, { subject: 'somebody else' })
    const result = await store.endByProvider(bySubject(until))
    expect(result).toMatchObject({ kind: 'done', ended: [{ sid: before.origin.sid, uid }] })
    expect(await isLive(store, after)).toBe(true)
    expect(await isLive(store, stranger)).toBe(true)
    expect((await store.user(uid)).fence).toBeGreaterThan(fence)
    expect((await start(store, { uid, fence })).result).toEqual({ kind: 'fence-moved' })
    expect((await start(store, { uid })).result.kind).toBe('started')
  })

  test('rule 23 late sign-in: the fence of a subject holds for a uid that nobody has seen', async () => {
    const { store } = await prepare()
    const fence = await store.fence()
    await store.endByProvider(bySubject(await nowOf(store)))
    expect((await start(store, { fence })).result).toEqual({ kind: 'fence-moved' })
    expect((await start(store, { fence, subject: 'somebody else' })).result.kind).toBe('started')
  })

  test('rule 23 late sign-in: an announcement is good once, and a replay ends nothing', async () => {
    const { store, second } = await prepare()
    const other = await second()
    const once = { id: 'jti-1', expiresAt: addMs(await nowOf(store), minuteMs) }
    const { session } = await start(store)
    const order = { ...bySid('psid', 0), once }
    const results = await Promise.all([store, other, store].map((one) => one.endByProvider(order)))
    expect(results.map(({ kind }) => kind).toSorted()).toEqual(['done', 'replayed', 'replayed'])
    expect(await isLive(store, session)).toBe(false)
    const { session: next } = await start(store)
    expect(await other.endByProvider(order)).toEqual({ kind: 'replayed' })
    expect(await isLive(store, next)).toBe(true)
    const elsewhere = { ...order, issuer: 'https://elsewhere.example.com' }
    expect((await store.endByProvider(elsewhere)).kind).toBe('done')
  })

  test('a session that had run out ends as expired, whoever comes after', async () => {
    const { store, shift } = await prepare()
    await start(store)
    shift(40 * 24 * hourMs)
    const result = await store.endByProvider(bySid())
    expect(result).toMatchObject({ ended: [{ end: { reason: 'expired', by: null } }] })
  })

  test('the live sessions of a subject are counted, the ended and the expired are not', async () => {
    const { store, shift } = await prepare()
    expect(await store.countOfSubject(issuer, 'sub')).toBe(0)
    await start(store)
    const { session } = await start(store, { providerSid: 'other' })
    await start(store, { subject: 'somebody else' })
    expect(await store.countOfSubject(issuer, 'sub')).toBe(2)
    const { providerSid } = session.provider ?? {}
    await store.endByProvider(bySid(providerSid ?? ''))
    expect(await store.countOfSubject(issuer, 'sub')).toBe(1)
    shift(40 * 24 * hourMs)
    expect(await store.countOfSubject(issuer, 'sub')).toBe(0)
  })
}
