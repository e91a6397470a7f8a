import { describe, expect, test } from 'vitest'
import { type LiveSession, reason, type SessionId } from '#domain'
import { openWorld, started, type World } from '#test/authority/rooms.ts'
import { type CheckRooms, checkSession } from './check-session.ts'
import { StoreUnavailable } from './ports.ts'
import type { Freshness, TokenStanding } from './provider-refresh.ts'

const minute = 60_000
const all = ['access', 'session', 'cookie'] as const

/** A cache that answers as it is told, a store that can be away, and a provider that says what it is told. */
async function stage() {
  const world = await openWorld()
  const { sid, session, sessionToken, accessToken } = await started(world, { device: 'web' })
  world.cached.clear()
  const state = {
    freshForMs: 30_000,
    lastKnown: undefined as LiveSession | undefined,
    standing: { kind: 'good', until: null } as TokenStanding,
    freshness: undefined as Freshness | undefined,
    lapsed: false,
    reads: 0,
    storeIsAway: false,
  }
  const rooms: CheckRooms = {
    ...world.rooms,
    store: {
      ...world.rooms.store,
      read: async (id: SessionId) => {
        state.reads++
        if (state.storeIsAway) throw new StoreUnavailable(new Error('away'))
        return world.store.read(id)
      },
    },
    cache: {
      ...world.rooms.cache,
      freshForMs: () => state.freshForMs,
      lastKnown: () => state.lastKnown,
    },
    refresh: {
      hasLapsed: () => state.lapsed,
      standing: () => state.standing,
      freshen: async (one) => state.freshness ?? { kind: 'good', session: one, late: false },
    },
  }
  return { world, rooms, state, sid, session, sessionToken, accessToken }
}

async function end(world: World, sid: SessionId): Promise<void> {
  await world.store.end({ sid, reason: reason('userLogout'), by: null, guard: 'live' })
}

describe('what a token shows to the gateway', () => {
  test('a snapshot answers that a session is good, and nobody is asked', async () => {
    const { world, rooms, state, session, sessionToken } = await stage()
    world.cached.set(session.origin.sid, session)
    const checked = await checkSession(rooms, sessionToken, all)
    expect(checked).toMatchObject({ kind: 'live', identity: { kind: 'good' }, goodForMs: 30_000 })
    expect(state.reads).toBe(0)
  })

  test('rule 3 cache proposes: what a snapshot cannot vouch for is decided on the row', async () => {
    const { world, rooms, state, session, sid, sessionToken } = await stage()
    const idle = { ...session.life, idleExpiresAt: session.life.lastSeenAt }
    world.cached.set(sid, { ...session, life: idle })
    expect(await checkSession(rooms, sessionToken, all)).toMatchObject({ kind: 'live' })
    expect(state.reads).toBe(1)
    await end(world, sid)
    world.cached.delete(sid)
    expect(await checkSession(rooms, sessionToken, all)).toMatchObject({
      ...{ kind: 'ended', sid, end: { reason: 'user_logout' } },
    })
  })

  test('rule 12 session token: of another generation than the snapshot it is asked about', async () => {
    const { world, rooms, state, session, sid, sessionToken } = await stage()
    const sessionTokenState = { ...session.sessionToken, generation: 2 }
    world.cached.set(sid, { ...session, sessionToken: sessionTokenState })
    expect(await checkSession(rooms, sessionToken, all)).toMatchObject({ kind: 'live' })
    expect(state.reads).toBe(1)
  })

  test('a token of a kind that is not asked for is invalid, whatever it is', async () => {
    const { rooms, state, sessionToken, accessToken } = await stage()
    expect(await checkSession(rooms, sessionToken, ['cookie'])).toEqual({ kind: 'invalid' })
    expect(await checkSession(rooms, accessToken, ['session'])).toEqual({ kind: 'invalid' })
    expect(state.reads).toBe(0)
  })

  test('an access token is never good for longer than it lives', async () => {
    const { world, rooms, state, accessToken } = await stage()
    state.freshForMs = 60 * minute
    const checked = await checkSession(rooms, accessToken, all)
    if (checked.kind !== 'live') throw new Error(checked.kind)
    expect(checked.goodForMs).toBeLessThanOrEqual(5 * minute)
    world.advance(5 * minute)
    expect(await checkSession(rooms, accessToken, all)).toEqual({ kind: 'invalid' })
  })

  test('a cache that refuses the row makes nothing of the answer', async () => {
    const { rooms, state, sessionToken } = await stage()
    state.freshForMs = 0
    expect(await checkSession(rooms, sessionToken, all)).toMatchObject({ goodForMs: 0 })
  })
})

describe('while the store is out of reach', () => {
  test('deny-by-default: without a snapshot nothing is concluded', async () => {
    const { rooms, state, sessionToken } = await stage()
    state.storeIsAway = true
    await expect(checkSession(rooms, sessionToken, all)).rejects.toBeInstanceOf(StoreUnavailable)
  })

  test('rule 35 stale: an older snapshot goes on, and is asked about again within a second', async () => {
    const { rooms, state, session, sessionToken } = await stage()
    state.storeIsAway = true
    state.lastKnown = session
    expect(await checkSession(rooms, sessionToken, all)).toMatchObject({
      ...{ kind: 'live', goodForMs: 1000 },
    })
  })

  test('rule 24 identity deadline: it goes on with tokens that have run out, and not past its identity', async () => {
    const { rooms, state, session, sessionToken } = await stage()
    state.storeIsAway = true
    state.lastKnown = session
    state.standing = { kind: 'due' }
    expect(await checkSession(rooms, sessionToken, all)).toMatchObject({
      ...{ kind: 'live', identity: { kind: 'good' }, goodForMs: 1000 },
    })
    state.lapsed = true
    await expect(checkSession(rooms, sessionToken, all)).rejects.toBeInstanceOf(StoreUnavailable)
  })

  test('a snapshot vouches for nothing but its own token', async () => {
    const { world, rooms, state, session } = await stage()
    const other = await started(world, { device: 'web' })
    world.cached.clear()
    state.storeIsAway = true
    state.lastKnown = session
    await expect(checkSession(rooms, other.sessionToken, all)).rejects.toBeInstanceOf(
      StoreUnavailable,
    )
  })
})

describe('rule 24 identity deadline: what the provider says of a session', () => {
  const asked = async (freshness: Freshness | undefined, standing: TokenStanding) => {
    const scene = await stage()
    Object.assign(scene.state, { freshness, standing })
    return { ...scene, checked: await checkSession(scene.rooms, scene.sessionToken, all) }
  }

  test('tokens that are being renewed ahead are looked at again soon', async () => {
    const { session } = await stage()
    const until = session.origin.absoluteExpiresAt
    const { checked } = await asked(undefined, { kind: 'ahead', until })
    expect(checked).toMatchObject({ kind: 'live', identity: { kind: 'good' }, goodForMs: 1000 })
  })

  test('served late, it is asked about again within a second', async () => {
    const { session } = await stage()
    const { checked } = await asked({ kind: 'good', session, late: true }, { kind: 'due' })
    expect(checked).toMatchObject({ identity: { kind: 'good' }, goodForMs: 1000 })
  })

  test('a provider at fault is "not now", and a lapsed identity "sign in": neither ends anything', async () => {
    const away = await asked({ kind: 'unavailable', retryAfterMs: 700 }, { kind: 'due' })
    expect(away.checked).toMatchObject({
      ...{ kind: 'live', identity: { kind: 'unavailable', retryAfterMs: 700 }, goodForMs: 0 },
    })
    const old = await asked({ kind: 'sign-in', why: 'too-old' }, { kind: 'due' })
    expect(old.checked).toMatchObject({ identity: { kind: 'lapsed' }, goodForMs: 0 })
    expect((await old.world.authority.show(old.sid))?.kind).toBe('live')
  })

  test('a session that the refresh found ended or gone is not let in', async () => {
    const end = { at: 1, reason: 'idp_refused', by: null, seq: 1 } as never
    expect((await asked({ kind: 'ended', end }, { kind: 'due' })).checked).toMatchObject({
      ...{ kind: 'ended', end },
    })
    expect((await asked({ kind: 'gone' }, { kind: 'due' })).checked).toMatchObject({
      ...{ kind: 'ended', end: null },
    })
  })
})
