import { decodeJwt } from 'jose'
import { describe, expect, test } from 'vitest'
import { type LiveSession, reason } from '#domain'
import { issuer, openWorld, started, type World } from '#test/authority/rooms.ts'
import { Shared } from './shared.ts'
import { upstreamToken } from './upstream-token.ts'

const application = 'https://app.example.com'

const tokenFor = ({ rooms }: World, session: LiveSession, audience: string) =>
  upstreamToken({ ...rooms, mints: new Shared() }, session, audience)

async function minted(world: World, session: LiveSession, audience = application) {
  const made = await tokenFor(world, session, audience)
  if (made.kind !== 'minted') throw new Error(made.kind)
  return { ...made, claims: decodeJwt(made.token) }
}

async function rowOf(world: World, { origin }: LiveSession): Promise<LiveSession> {
  const row = await world.authority.show(origin.sid)
  if (row?.kind !== 'live') throw new Error('not live')
  return row
}

describe('the token for an application', () => {
  test('rule 15 audience: it is good at the application alone, never at Curfew', async () => {
    const world = await openWorld()
    const { session } = await started(world, { device: 'web', roles: ['pilot'] })
    const { token, claims } = await minted(world, session)
    expect(claims).toMatchObject({ aud: [application], sub: 'alice', roles: ['pilot'] })
    expect(await world.authority.present(token)).toEqual({ kind: 'invalid', why: 'wrong_audience' })
    expect(await tokenFor(world, session, issuer)).toEqual({ kind: 'refused' })
  })

  test('rule 4 every mint is a swap: one for half of its life, derived for each application', async () => {
    const world = await openWorld()
    const { session } = await started(world, { device: 'web' })
    const first = await minted(world, session)
    const other = await minted(world, session, 'https://other.example.com')
    expect(other.claims.jti).toBe(first.claims.jti)
    expect(first.goodForMs).toBeGreaterThan(140_000)
    expect((await rowOf(world, session)).version).toBe(1)

    world.advance(151_000)
    const next = await minted(world, session)
    expect(next.claims.jti).not.toBe(first.claims.jti)
    const row = await rowOf(world, session)
    expect(row.access).toMatchObject({
      newest: { jti: next.claims.jti },
      latestExp: next.claims.exp,
    })
    // A replica with the old snapshot derives the new one; it does not mint again.
    expect((await minted(world, session)).claims.jti).toBe(next.claims.jti)
    expect((await rowOf(world, session)).version).toBe(row.version)
  })

  test('a crowd with one snapshot is one swap, and all have the same token', async () => {
    const world = await openWorld()
    const { session } = await started(world, { device: 'web' })
    world.advance(151_000)
    let swaps = 0
    const swap: typeof world.store.swap = (...values) => {
      swaps++
      return world.store.swap(...values)
    }
    const store = { ...world.rooms.store, swap }
    const rooms = { ...world.rooms, store, mints: new Shared<never>() }
    const crowd = Array.from({ length: 50 }, () => upstreamToken(rooms, session, application))
    const made = (await Promise.all(crowd)).map((one) => (one.kind === 'minted' ? one.token : one))
    expect(new Set(made).size).toBe(1)
    expect(swaps).toBe(1)
  })

  test('changed roles are in the next one at once', async () => {
    const world = await openWorld()
    const { session, sid } = await started(world, { device: 'web', roles: ['pilot'] })
    await world.authority.regrantSession(sid, { roles: ['chef'], claims: undefined, by: null })
    const { claims } = await minted(world, await rowOf(world, session))
    expect(claims['roles']).toEqual(['chef'])
  })

  test('dead-stays-dead: an ended session mints nothing, whatever the snapshot says', async () => {
    const world = await openWorld()
    const { session, sid } = await started(world, { device: 'web' })
    await world.store.end({ sid, reason: reason('userLogout'), by: null, guard: 'live' })
    world.advance(151_000)
    world.cached.set(sid, session)
    expect(await tokenFor(world, session, application)).toEqual({ kind: 'ended' })
  })
})
