import { describe, expect, test } from 'vitest'
import type { ClientId, Uid } from '#domain'
import { backend, openWorld, refreshed, signIn, started } from '#test/authority/rooms.ts'

describe('start', () => {
  test('rule 9 joins: a joiner gets session and access token, never a refresh token', async () => {
    const world = await openWorld()
    const first = await started(world, { device: 'pc' })
    const second = await started(world, { device: 'pc' })

    expect(second).toMatchObject({ kind: 'joined', sid: first.sid, refreshToken: null })
    expect(second.sessionToken).toBe(first.sessionToken)
  })

  test('rule 9 joins: other roles, another client or a lower acr supersede instead', async () => {
    const world = await openWorld()
    const first = await started(world, { device: 'pc', acr: 'high' })
    const weaker = await started(world, { device: 'pc', acr: null })
    const stronger = await started(world, { device: 'pc', roles: ['pilot'] })
    const other = await started(world, { device: 'pc', roles: ['pilot'], clientId: backend.id })

    expect(new Set([first.sid, weaker.sid, stronger.sid, other.sid]).size).toBe(4)
    expect(await world.authority.show(first.sid)).toMatchObject({ end: { reason: 'superseded' } })
    expect((await world.authority.show(other.sid))?.kind).toBe('live')
  })

  test('a join does not change what a repeated refresh answers', async () => {
    const world = await openWorld()
    const first = await started(world, { device: 'pc' })
    const one = await refreshed(world, first.refreshToken)
    await started(world, { device: 'pc' })
    const two = await refreshed(world, first.refreshToken)

    if (one.kind !== 'refreshed' || two.kind !== 'refreshed') throw new Error('not refreshed')
    expect(two.tokens.refreshToken).toBe(one.tokens.refreshToken)
    expect(jti(world, two.tokens.accessToken)).toBe(jti(world, one.tokens.accessToken))
  })

  test('rule 1 fence: a join that began before the others were signed out cannot finish', async () => {
    const world = await openWorld()
    const here = await started(world, { device: 'pc' })
    const { start } = world.store
    // Between the answer "join" and the joining swap, the user signs all other sessions out.
    world.rooms.store.start = async (request) => {
      const result = await start.call(world.store, request)
      await world.authority.logoutMany(here.session, 'others')
      return result
    }

    expect(await world.authority.issue(signIn({ device: 'pc' }))).toEqual({ kind: 'fence-moved' })
    expect((await world.authority.show(here.sid))?.kind).toBe('live')
  })

  test('rule 17 roles: only what the caller may grant, and never a reserved one', async () => {
    const world = await openWorld()
    const generous = { ...backend, mayGrant: ['pilot', 'admin'] }

    expect(await world.authority.issue(signIn({ roles: ['pilot', 'ops'] }))).toEqual({
      kind: 'roles-not-granted',
      roles: ['ops'],
    })
    expect(await world.authority.issue(signIn({ caller: generous, roles: ['admin'] }))).toEqual({
      kind: 'roles-not-granted',
      roles: ['admin'],
    })
  })

  test('rule 17 roles: an administrator is started only by a client that may', async () => {
    const world = await openWorld()
    const root = 'root' as Uid
    world.userRoles.set(root, ['admin', 'issuer'])

    expect(await world.authority.issue(signIn({ uid: root }))).toEqual({
      kind: 'admin-not-granted',
    })
    const caller = { ...backend, mayStartAdmins: true }
    const { session } = await started(world, { uid: root, caller })
    expect(world.authority.effectiveRoles(session)).toEqual(['admin'])
    world.userRoles.delete(root)
    expect(world.authority.effectiveRoles(session)).toEqual([])
  })

  test('unknown clients and device classes are named, and nothing is written', async () => {
    const world = await openWorld()

    expect(await world.authority.issue(signIn({ clientId: 'nobody' as ClientId }))).toEqual({
      kind: 'unknown-client',
    })
    expect(await world.authority.issue(signIn({ device: 'fridge' }))).toEqual({
      kind: 'unknown-device',
      device: 'fridge',
    })
    expect(world.counted).toEqual([])
  })

  test('rule 4 every mint is a swap: a client is handed the same token while half of its life remains', async () => {
    const world = await openWorld()
    const ask = async () => {
      const wish = { resources: [], scope: null }
      const own = await world.authority.clientToken({
        client: backend,
        ip: null,
        userAgent: null,
        wish,
        dpopThumbprint: null,
      })
      if (own.kind !== 'issued') throw new Error(own.kind)
      return own.tokens
    }
    const one = await ask()
    const two = await ask()
    world.advance(200_000)
    const three = await ask()

    expect(jti(world, two.accessToken)).toBe(jti(world, one.accessToken))
    expect(jti(world, three.accessToken)).not.toBe(jti(world, one.accessToken))
    expect(three.session.origin.sid).toBe(one.session.origin.sid)
    expect(three.session.access.newest?.jti).toBe(jti(world, three.accessToken))
  })

  test('rule 18 clients: the sub of a client is no uid, and its session has no refresh token', async () => {
    const world = await openWorld()
    const wish = { resources: [], scope: null }
    const own = await world.authority.clientToken({
      client: backend,
      ip: null,
      userAgent: null,
      wish,
      dpopThumbprint: null,
    })
    if (own.kind !== 'issued') throw new Error(own.kind)

    expect(own.tokens.session.origin).toMatchObject({ uid: 'client:backend', device: 'service' })
    expect(own.tokens.refreshToken).toBeNull()
    expect(own.tokens.sessionToken).toBeNull()
  })
})

function jti(world: Awaited<ReturnType<typeof openWorld>>, token: string): string {
  const verdict = world.rooms.access.verify(token)
  if (verdict.kind !== 'valid') throw new Error(verdict.why)
  return verdict.claims.jti
}
