import { describe, expect, test } from 'vitest'
import { parseReason, reason, type SessionId, type Uid } from '#domain'
import { backend, day, openWorld, refreshed, started } from '#test/authority/rooms.ts'
import { endAll, endExpired, endForgottenClients } from './keep-house.ts'

const alice = 'alice' as Uid

describe('ends', () => {
  test('rule 35 stale: the process that ends a session denies it before it answers', async () => {
    const world = await openWorld()
    const { sid, accessToken } = await started(world)

    const answer = await world.authority.logout(accessToken)

    expect(answer).toEqual({ kind: 'done', sid, already: false })
    expect(world.denied.has(sid)).toBe(true)
    expect(world.cached.has(sid)).toBe(false)
  })

  test('rule 30 dead at logout: a good token without a row is done at logout, and nobody elsewhere', async () => {
    const world = await openWorld()
    const sid = world.rooms.random.sessionId(world.rooms.clock.now())
    const parts = { sid, generation: 1, keyId: world.rooms.opaque.currentKeyId() }
    const token = world.rooms.opaque.issue('session', parts, world.rooms.random.salt())

    expect(await world.authority.logout(token)).toEqual({ kind: 'done', sid, already: true })
    expect(await world.authority.present(token)).toEqual({ kind: 'gone', sid, via: 'session' })
  })

  test('rule 30 dead at logout: a rotated refresh token ends its session there', async () => {
    const world = await openWorld()
    const { refreshToken, sid } = await started(world)
    await refreshed(world, refreshToken)

    expect(await world.authority.logout(refreshToken ?? '')).toEqual({
      kind: 'done',
      sid,
      already: false,
    })
    const row = await world.authority.show(sid)
    expect(row).toMatchObject({ kind: 'ended', end: { reason: 'user_logout', by: 'alice' } })
  })

  test('rule 7 restored: a row that came back to life is ended again, with an alarm', async () => {
    const world = await openWorld()
    const { sid, sessionToken } = await started(world)
    // What a restore does: this process knows of the end, the store no longer does.
    world.denied.add(sid)

    const presented = await world.authority.present(sessionToken)

    expect(presented).toMatchObject({ kind: 'ended', session: { end: { reason: 'restored' } } })
    expect(world.alarms).toEqual([{ kind: 'came-back', sid }])
  })

  test('the first end stands, whoever comes after', async () => {
    const world = await openWorld()
    const { sid, accessToken } = await started(world)
    await world.authority.logout(accessToken)

    const again = await world.authority.revokeSession({
      sid,
      reason: parseReason('lost_phone') ?? reason('adminRevoke'),
      by: 'root' as Uid,
    })

    expect(again).toEqual({ kind: 'done', sid, already: true })
    expect(await world.authority.show(sid)).toMatchObject({
      end: { reason: 'user_logout', by: alice },
    })
  })

  test('rule 8 expired frees its place: a session that ran out is told so, and a new one starts', async () => {
    const world = await openWorld()
    const first = await started(world)
    world.advance(61 * day)

    expect(await world.authority.present(first.sessionToken)).toMatchObject({
      kind: 'ended',
      session: { end: { reason: 'expired', by: null } },
    })
    expect((await started(world)).kind).toBe('started')
  })

  test('housekeeping ends what has run out and nothing else', async () => {
    const world = await openWorld()
    const old = await started(world, { device: 'web' })
    world.advance(6 * day)
    const young = await started(world, { device: 'web' })
    world.advance(2 * day)

    expect(await endExpired(world.rooms)).toBe(1)
    expect((await world.authority.show(old.sid))?.kind).toBe('ended')
    expect((await world.authority.show(young.sid))?.kind).toBe('live')
  })

  test('a client that left the configuration loses its own session', async () => {
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
    world.clients.delete('backend')

    expect(await world.authority.present(own.tokens.accessToken)).toEqual({
      kind: 'invalid',
      why: 'unknown_client',
    })
    expect(await endForgottenClients(world.rooms)).toEqual(['backend'])
  })

  test('recovery ends every session', async () => {
    const world = await openWorld()
    const one = await started(world)
    await started(world, { uid: 'bob' as Uid })

    expect(await endAll(world.rooms)).toBe(2)
    expect(await world.authority.show(one.sid)).toMatchObject({
      end: { reason: 'restored', by: null },
    })
    expect(await endAll(world.rooms)).toBe(0)
  })

  test('rule 1 fence: a sign-in that began before the user was signed out everywhere cannot finish', async () => {
    const world = await openWorld()
    const fence = await world.authority.fence()
    await world.authority.revokeUser({
      uid: alice,
      reason: reason('adminRevoke'),
      by: null,
      except: null,
      disable: false,
    })

    await expect(started(world, { fence })).rejects.toThrow('fence-moved')
    expect((await started(world)).kind).toBe('started')
  })

  test('logout of others spares the caller, and needs the caller alive', async () => {
    const world = await openWorld()
    const here = await started(world, { device: 'web' })
    const there = await started(world, { device: 'web' })

    expect(await world.authority.logoutMany(here.session, 'others')).toEqual({
      kind: 'done',
      revoked: 1,
    })
    expect(await world.authority.logoutMany(there.session, 'all')).toEqual({ kind: 'caller-ended' })
    expect((await world.authority.show(here.sid as SessionId))?.kind).toBe('live')
  })
})
