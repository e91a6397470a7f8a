import { expect, test } from 'vitest'
import { instant, type LiveSession, type SessionId } from '#domain'
import { openWorld, started } from '#test/authority/rooms.ts'
import { createGatewayAuthority } from './gateway-authority.ts'
import { StoreUnavailable } from './ports.ts'
import type { Freshness, TokenStanding } from './provider-refresh.ts'

test('a crowd with one token is one read, and who comes after a change is told of it', async () => {
  const world = await openWorld()
  const { sid, sessionToken } = await started(world, { device: 'web', roles: ['pilot'] })
  world.cached.clear()
  let reads = 0
  const gateway = createGatewayAuthority({
    store: world.store,
    seal: { seal: () => '', unseal: () => ({ kind: 'unreadable' }) },
    lastSeen: { note: () => undefined },
    behind: { add: () => undefined },
    rooms: {
      ...world.rooms,
      cache: { ...world.rooms.cache, get: () => undefined },
      store: {
        ...world.rooms.store,
        read: (id: SessionId) => {
          reads++
          return world.store.read(id)
        },
      },
      refresh: {
        standing: () => ({ kind: 'good', until: null }),
        freshen: async (session) => ({ kind: 'good', session, late: false }),
        hasLapsed: () => false,
      },
    },
  })
  const crowd = Array.from({ length: 50 }, () => gateway.check(sessionToken, ['session']))
  expect(reads).toBe(1)
  await world.store.read(sid)
  await world.authority.regrantSession(sid, { roles: ['chef'], claims: undefined, by: null })
  gateway.forget()
  const late = await gateway.check(sessionToken, ['session'])
  expect(late).toMatchObject({ session: { grants: { roles: ['chef'] } } })
  for (const one of await Promise.all(crowd)) expect(one.kind).toBe('live')
})

test('rule 24 identity deadline: our own pages open to nobody for whom the provider no longer vouches', async () => {
  const world = await openWorld()
  const { sid } = await started(world, { device: 'web', roles: [] })
  let [standing, answer]: [TokenStanding, Freshness['kind']] = [
    { kind: 'good', until: null },
    'good',
  ]
  const gateway = createGatewayAuthority({
    store: world.store,
    seal: { seal: () => '', unseal: () => ({ kind: 'unreadable' }) },
    lastSeen: { note: () => undefined },
    behind: { add: () => undefined },
    rooms: {
      ...world.rooms,
      refresh: {
        standing: () => standing,
        freshen: async (session) => freshness(answer, session),
        hasLapsed: () => false,
      },
    },
  })
  const session = await gateway.bySid(sid)
  if (session === undefined) throw new Error('the session has just been started')
  const holder = () => gateway.byPageCookie(gateway.pageCookieOf(session))
  const opens = () => gateway.isVouchedFor(session)
  expect(await opens()).toBe(true)
  // Due ahead of its end: refreshed behind the next answer of forward auth, good until then.
  standing = { kind: 'ahead', until: instant(0) }
  answer = 'sign-in'
  expect(await opens()).toBe(true)
  standing = { kind: 'due' }
  for (answer of ['sign-in', 'gone'] as const) {
    expect(await opens()).toBe(false)
    // Whoever signs out is still known: the session ends before its cookie goes.
    expect(await holder()).toMatchObject({ origin: { sid } })
  }
  answer = 'unavailable'
  await expect(opens()).rejects.toBeInstanceOf(StoreUnavailable)
  expect(await holder()).toMatchObject({ origin: { sid } })
  answer = 'good'
  expect(await opens()).toBe(true)
})

function freshness(kind: Freshness['kind'], session: LiveSession): Freshness {
  switch (kind) {
    case 'good':
      return { kind, session, late: false }
    case 'sign-in':
      return { kind, why: 'no-refresh-token' }
    case 'unavailable':
      return { kind, retryAfterMs: 1000 }
    case 'gone':
      return { kind }
    default:
      throw new Error(`${kind} is not asked for here`)
  }
}
