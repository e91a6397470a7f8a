/* What starts and ends write into the outbox, and that it is written with them or not at all. */
import { expect, test } from 'vitest'
import type { EffectPlan, ListedEffect, Store } from '#authority'
import { type LiveSession, reason, type Uid } from '#domain'
import type { Prepare } from './bench.ts'
import { dayMs, fullSession, newUid, request, started, type Wish } from './sessions.ts'

export const both: EffectPlan = {
  webhooks: [
    { target: 'wh_a', events: ['session.started', 'session.ended'] },
    { target: 'wh_ends', events: ['session.ended'] },
  ],
}

/** A session whose tokens a provider handed out. */
export async function startedByProvider(store: Store, wish: Wish = {}): Promise<LiveSession> {
  const asked = await request(store, wish)
  const { provider } = fullSession(asked.candidate)
  const candidate = { ...asked.candidate, provider }
  const result = await store.start({ ...asked, candidate })
  if (result.kind !== 'started') throw new Error(`the start answered ${result.kind}`)
  return candidate
}

export const logout = ({ origin }: LiveSession) => ({
  sid: origin.sid,
  reason: reason('userLogout'),
  by: origin.uid,
  guard: 'live' as const,
})

export async function listed(store: Store): Promise<readonly ListedEffect[]> {
  return (await store.effects({ state: 'all', limit: 1000 })).effects
}

async function rowsOf(store: Store): Promise<readonly string[]> {
  return (await listed(store)).map(({ event, kind, target }) => `${event} ${kind} ${target}`)
}

export function effectsSuite(prepare: Prepare): void {
  test('with nothing configured and no provider, starts and ends write nothing', async () => {
    const { store } = await prepare()
    let hints = 0
    store.onEffects(() => hints++)
    const session = await started(store)
    const result = await store.end(logout(session))
    expect(result).toMatchObject({ kind: 'ended', recorded: { effects: false } })
    expect(await listed(store)).toEqual([])
    expect(hints).toBe(0)
  })

  test('a start tells those that hear of starts, with the session as it began', async () => {
    const { store } = await prepare(both)
    let hints = 0
    store.onEffects(() => hints++)
    const { origin } = await started(store)
    expect(await rowsOf(store)).toEqual(['session.started webhook wh_a'])
    expect(hints).toBe(1)
    const [effect] = await store.claimEffects({ ...toA, limit: 5 })
    const data = JSON.parse(effect?.payload ?? '')
    expect(data).toMatchObject({ sid: origin.sid, uid: origin.uid, device: 'web', roles: [] })
    expect(data).toMatchObject({ device_name: 'Ada’s phone', revoked_at: null })
  })

  test('a start that is refused or joins tells nobody', async () => {
    const { store } = await prepare(both)
    const uid = newUid()
    const shared = { uid, device: 'pc', policy: { policy: 'shared' } } as const
    await started(store, shared)
    expect((await store.start(await request(store, shared))).kind).toBe('join')
    await store.endUser({ ...everything(uid), disable: true })
    expect((await store.start(await request(store, { uid }))).kind).toBe('user-disabled')
    const starts = (await rowsOf(store)).filter((row) => row.startsWith('session.started'))
    expect(starts).toHaveLength(1)
  })

  test('an end tells every webhook that hears of ends, and once', async () => {
    const { store } = await prepare(both)
    const session = await started(store)
    const ends = await Promise.all([store.end(logout(session)), store.end(logout(session))])
    expect(ends.map(({ kind }) => kind).toSorted()).toEqual(['already', 'ended'])
    expect((await rowsOf(store)).toSorted()).toEqual([
      'session.ended webhook wh_a',
      'session.ended webhook wh_ends',
      'session.started webhook wh_a',
    ])
  })

  test('an end of a session with a provider’s tokens has them handed back, whatever is configured', async () => {
    const { store } = await prepare()
    let hints = 0
    store.onEffects(() => hints++)
    const session = await startedByProvider(store)
    await store.end(logout(session))
    expect(await rowsOf(store)).toEqual(['session.ended provider_revocation main'])
    expect(hints).toBe(1)
    const [effect] = await store.claimEffects({ ...toProvider, limit: 5 })
    expect(effect).toMatchObject({ sid: session.origin.sid, payload: null, attempts: 1 })
    expect(effect?.session).toMatchObject({ provider: { sealedTokens: 'sealed' } })
  })

  const everything = (uid: Uid) => ({
    uid,
    reason: reason('userLogoutAll'),
    by: uid,
    except: null,
    requireLive: null,
    disable: false,
  })

  const superseded = { policy: { policy: 'single' }, device: 'app' } as const
  const ways: Record<string, (store: Store, session: LiveSession) => Promise<unknown>> = {
    'a logout': (store, session) => store.end(logout(session)),
    'sign out everywhere': (store, { origin }) => store.endUser(everything(origin.uid)),
    'a provider’s logout': (store) =>
      store.endByProvider({
        issuer: 'https://idp.example.com',
        target: { by: 'sid', providerSid: 'psid', of: null },
        once: null,
        rememberMs: 0,
      }),
    'the start of its successor': async (store, { origin }) =>
      store.start(await request(store, { ...superseded, uid: origin.uid, mayJoin: false })),
  }
  test.each(Object.entries(ways))('%s has the effects of an end', async (_, end) => {
    const { store } = await prepare(both)
    const session = await startedByProvider(store, superseded)
    await end(store, session)
    expect(await store.read(session.origin.sid)).toMatchObject({ session: { kind: 'ended' } })
    const mine = (await listed(store)).filter(({ sid }) => sid === session.origin.sid)
    const ended = mine.filter(({ event }) => event === 'session.ended')
    expect(ended.map(({ target }) => target).toSorted()).toEqual(['main', 'wh_a', 'wh_ends'])
  })

  test('a session that has run out has the effects of an end when the house is kept', async () => {
    const { store, shift } = await prepare(both)
    const { origin } = await started(store, { idleMs: dayMs })
    shift(2 * dayMs)
    await store.end({ sid: origin.sid, reason: reason('expired'), by: null, guard: 'expired' })
    expect(await rowsOf(store)).toContain('session.ended webhook wh_ends')
  })

  test('scenario S40: a hundred ends at once each have their own effects, and none has them twice', async () => {
    const { store } = await prepare(both)
    const sessions = await Promise.all(Array.from({ length: 100 }, () => started(store)))
    await Promise.all(sessions.flatMap((one) => [store.end(logout(one)), store.end(logout(one))]))
    const ended = (await listed(store)).filter(({ event }) => event === 'session.ended')
    const keys = ended.map(({ sid, target }) => `${sid} ${target}`)
    expect(keys).toHaveLength(200)
    expect(new Set(keys).size).toBe(200)
  })
}

const lease = { owner: 'one', leaseMs: 60_000 }
export const toA = { kind: 'webhook', target: 'wh_a', ...lease } as const
export const toProvider = { kind: 'provider_revocation', target: 'main', ...lease } as const
