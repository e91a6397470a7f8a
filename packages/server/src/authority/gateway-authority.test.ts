import { expect, test } from 'vitest'
import type { SessionId } from '#domain'
import { openWorld, started } from '#test/authority/rooms.ts'
import { createGatewayAuthority } from './gateway-authority.ts'

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
