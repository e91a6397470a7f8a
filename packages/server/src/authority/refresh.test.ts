import { describe, expect, test } from 'vitest'
import type { ClientId } from '#domain'
import { openWorld, refreshed, started } from '#test/authority/rooms.ts'

describe('refresh', () => {
  test('rule 3 cache proposes: a stale cached row neither refuses nor ends; the fresh row decides', async () => {
    const world = await openWorld()
    const first = await started(world)
    const atStart = world.cached.get(first.sid)
    await refreshed(world, first.refreshToken)
    if (atStart === undefined) throw new Error('the start was not cached')
    world.cached.set(first.sid, atStart)

    const repeat = await refreshed(world, first.refreshToken)

    expect(repeat.kind).toBe('refreshed')
    expect(world.counted).toContain('conflict')
    expect(world.counted.at(-1)).toBe('refresh repeated')
    expect((await world.authority.show(first.sid))?.rotation?.generation).toBe(2)
  })

  test('rule 3 cache proposes: a repeat after an acknowledged end is refused, although the cache still shows it alive', async () => {
    const world = await openWorld()
    const first = await started(world)
    await refreshed(world, first.refreshToken)
    const live = world.cached.get(first.sid)
    await world.authority.logout(first.accessToken)
    if (live !== undefined) world.cached.set(first.sid, live)
    world.denied.clear()

    const repeat = await refreshed(world, first.refreshToken)

    expect(repeat).toMatchObject({ kind: 'ended', end: { reason: 'user_logout', by: 'alice' } })
  })

  test('a repeat is the same successor, and an access token with the same jti, iat and exp', async () => {
    const world = await openWorld()
    const { refreshToken } = await started(world)
    const one = await refreshed(world, refreshToken)
    world.advance(5000)
    const two = await refreshed(world, refreshToken)

    if (one.kind !== 'refreshed' || two.kind !== 'refreshed') throw new Error('not refreshed')
    expect(two.tokens.refreshToken).toBe(one.tokens.refreshToken)
    expect(idOf(world, two.tokens.accessToken)).toEqual(idOf(world, one.tokens.accessToken))
    expect(one.tokens.expiresIn - two.tokens.expiresIn).toBeGreaterThanOrEqual(4)
  })

  test('rule 10 sender: a repeat by another client is reuse and ends the session', async () => {
    const world = await openWorld()
    const { refreshToken, sid } = await started(world)
    await refreshed(world, refreshToken)

    const stolen = await refreshed(world, refreshToken, 'backend' as ClientId)

    expect(stolen).toMatchObject({ kind: 'ended', end: { reason: 'refresh_reuse', by: null } })
    expect((await world.authority.show(sid))?.kind).toBe('ended')
    expect(world.denied.has(sid)).toBe(true)
  })

  test('rule 10 sender: the newest token in the hands of another client changes nothing', async () => {
    const world = await openWorld()
    const { refreshToken, sid } = await started(world)

    const answer = await refreshed(world, refreshToken, 'backend' as ClientId)

    expect(answer).toEqual({ kind: 'refused', result: 'wrong_client' })
    expect((await world.authority.show(sid))?.version).toBe(1)
  })

  test('rule 11 grace: an outage of the store does not use it up', async () => {
    const world = await openWorld()
    const { refreshToken } = await started(world, { device: 'web' })
    await refreshed(world, refreshToken)
    world.advance(40_000)
    world.regainedAt = world.rooms.clock.now() - 5000

    expect((await refreshed(world, refreshToken)).kind).toBe('refreshed')
    world.advance(40_000)
    expect(await refreshed(world, refreshToken)).toMatchObject({
      kind: 'ended',
      end: { reason: 'refresh_reuse' },
    })
  })

  test('rule 3 cache proposes: a generation that was never issued ends nothing and raises an alarm', async () => {
    const world = await openWorld()
    const { session } = await started(world)
    const keyId = world.rooms.opaque.currentKeyId()
    const parts = { sid: session.origin.sid, generation: 9, keyId }
    const ahead = world.rooms.opaque.issue('refresh', parts, session.origin.salt)

    expect(await refreshed(world, ahead)).toEqual({ kind: 'refused', result: 'not_issued' })
    expect(world.alarms).toEqual([{ kind: 'generation-not-issued' }])
    expect((await world.authority.show(session.origin.sid))?.kind).toBe('live')
  })

  test('rule 13 two locks: a token with the right outer MAC and another row salt is forged', async () => {
    const world = await openWorld()
    const { session } = await started(world)
    const parts = {
      sid: session.origin.sid,
      generation: 1,
      keyId: world.rooms.opaque.currentKeyId(),
    }
    const token = world.rooms.opaque.issue('refresh', parts, world.rooms.random.salt())

    expect(await refreshed(world, token)).toEqual({ kind: 'refused', result: 'forged' })
    expect((await world.authority.show(session.origin.sid))?.version).toBe(1)
  })

  test('two hundred at once give one generation', async () => {
    const world = await openWorld()
    const { refreshToken, sid } = await started(world)

    const answers = await Promise.all(
      Array.from({ length: 200 }, () => refreshed(world, refreshToken)),
    )

    const successors = answers.map(
      (answer) => answer.kind === 'refreshed' && answer.tokens.refreshToken,
    )
    expect(new Set(successors).size).toBe(1)
    expect(successors[0]).not.toBe(false)
    expect((await world.authority.show(sid))?.rotation?.generation).toBe(2)
  })
})

function idOf(world: Awaited<ReturnType<typeof openWorld>>, token: string): unknown {
  const verdict = world.rooms.access.verify(token)
  if (verdict.kind !== 'valid') throw new Error(verdict.why)
  const { jti, iat, exp } = verdict.claims
  return { jti, iat, exp }
}
