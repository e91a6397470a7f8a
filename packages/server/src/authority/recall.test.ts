/* What other replicas share: asked for after a miss in memory, and never where rule 3 wants the row. */
import { expect, test } from 'vitest'
import { reason, type SessionId } from '#domain'
import { openWorld, refreshed, started } from '#test/authority/rooms.ts'
import { type CheckRooms, checkSession } from './check-session.ts'

const all = ['access', 'session', 'cookie'] as const

/** A replica that knows nothing of the session yet, while another one has shared it. */
async function stage() {
  const world = await openWorld()
  const login = await started(world)
  world.cached.clear()
  const { sid, session } = login
  world.shared.set(sid, session)
  const state = { reads: 0 }
  const read = async (id: SessionId) => {
    state.reads += 1
    return world.store.read(id)
  }
  Object.assign(world.rooms, { store: { ...world.store, read } })
  const rooms: CheckRooms = {
    ...world.rooms,
    refresh: {
      hasLapsed: () => false,
      standing: () => ({ kind: 'good', until: null }),
      freshen: async (one) => ({ kind: 'good', session: one, late: false }),
    },
  }
  return { world, rooms, state, ...login }
}

test('rule 3 cache proposes: a good check is answered from what another replica shared', async () => {
  const { world, rooms, state, sid, session, sessionToken, accessToken } = await stage()
  for (const token of [sessionToken, accessToken]) {
    expect(await checkSession(rooms, token, all)).toMatchObject({ kind: 'live', session })
  }
  expect([state.reads, world.recalled]).toEqual([0, [sid, sid]])
  world.cached.set(sid, session)
  await checkSession(rooms, sessionToken, all)
  expect(world.recalled).toHaveLength(2)
})

test('rule 3 cache proposes: what it does not vouch for is decided on the row', async () => {
  const { world, rooms, state, sid, session, sessionToken } = await stage()
  world.shared.set(sid, { ...session, sessionToken: { ...session.sessionToken, generation: 7 } })
  expect(await checkSession(rooms, sessionToken, all)).toMatchObject({ kind: 'live' })
  world.cached.clear()
  world.shared.set(sid, {
    ...session,
    origin: { ...session.origin, absoluteExpiresAt: session.origin.createdAt },
  })
  expect(await checkSession(rooms, sessionToken, all)).toMatchObject({ kind: 'live' })
  world.cached.clear()
  world.shared.delete(sid)
  await world.store.end({ sid, reason: reason('userLogout'), by: null, guard: 'live' })
  expect(await checkSession(rooms, sessionToken, all)).toMatchObject({ kind: 'ended', sid })
  expect(state.reads).toBe(3)
})

test('rule 3 cache proposes: a refresh swaps the version that was shared, and on a conflict decides on the row', async () => {
  const { world, state, sid, session, refreshToken } = await stage()
  const first = await refreshed(world, refreshToken)
  if (first.kind !== 'refreshed') throw new Error(first.kind)
  expect([state.reads, world.recalled]).toEqual([0, [sid]])
  // What is shared has fallen behind: the version that it names is no more.
  world.cached.clear()
  world.shared.set(sid, session)
  const second = await refreshed(world, first.tokens.refreshToken)
  expect(second.kind).toBe('refreshed')
  world.cached.clear()
  world.shared.set(sid, session)
  const reused = await refreshed(world, refreshToken)
  expect(reused).toMatchObject({ kind: 'ended', end: { reason: 'refresh_reuse' } })
})

test('rule 3 cache proposes: the API, logout and administration ask the row alone', async () => {
  const { world, sid, sessionToken, accessToken } = await stage()
  const { authority } = world
  await authority.present(sessionToken)
  world.cached.clear()
  await authority.present(accessToken)
  await authority.rename(sid, 'a phone')
  world.cached.clear()
  await authority.regrantSession(sid, { roles: ['ops'], claims: undefined, by: null })
  world.cached.clear()
  await authority.logout(sessionToken)
  expect(world.recalled).toEqual([])
})

test('other replicas are told when a gateway would show or check something else, and not otherwise', async () => {
  const { world, sid, refreshToken } = await stage()
  const { authority } = world
  await refreshed(world, refreshToken)
  await authority.rename(sid, 'a phone')
  await authority.regrantSession(sid, { roles: ['pilot'], claims: { team: 'blue' }, by: null })
  expect(world.announced).toEqual([sid])
  await authority.regrantSession(sid, { roles: ['pilot'], claims: undefined, by: null })
  expect(world.announced).toEqual([sid])
})
