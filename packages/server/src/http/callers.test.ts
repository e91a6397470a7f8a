import { describe, expect, test } from 'vitest'
import { basic, bearer, FakeWorld, send } from './testing.ts'

function worldOfTwo() {
  const world = new FakeWorld()
  world.add(1, 'alice')
  world.add(2, 'alice')
  world.add(3, 'root')
  world.add(4, 'client:reader')
  return { world, app: world.app() }
}

describe('rule 16 one credential: credentials of different sessions', () => {
  const both = [
    { name: 'Bearer and token header', headers: { ...bearer('tok-1'), token: 'tok-2' } },
    { name: 'Bearer and Basic', headers: { ...basic('backend'), token: 'tok-1' } },
    { name: 'a live and an ended session', headers: { ...bearer('tok-1'), token: 'tok-9' } },
  ]
  test.each(both)('$name are 400', async ({ headers }) => {
    const { world, app } = worldOfTwo()
    world.add(9, 'alice')
    world.end(9)
    const answer = await send(app, { url: '/sessions', headers })
    expect(answer.statusCode).toBe(400)
    expect(answer.json().code).toBe('several_credentials')
  })

  test('rule 16 one credential: two Authorization headers are not one hidden by the other', async () => {
    const { app } = worldOfTwo()
    const headers = { authorization: ['Bearer tok-1', 'Bearer tok-2'] as unknown as string }
    expect((await send(app, { url: '/sessions', headers })).statusCode).toBe(400)
  })

  test('rule 16 one credential: the same session twice is one', async () => {
    const { app } = worldOfTwo()
    const headers = { ...bearer('tok-1'), token: 'cfs_1' }
    expect((await send(app, { url: '/sessions', headers })).statusCode).toBe(200)
  })

  test("rule 16 one credential: a client's Basic and its own session are one", async () => {
    const { app } = worldOfTwo()
    const headers = { ...basic('reader'), token: 'tok-4' }
    expect((await send(app, { url: '/sessions/revoked', headers })).statusCode).toBe(200)
  })

  test('rule 16 one credential: at logout, different sessions are 400 and none ends', async () => {
    const { world, app } = worldOfTwo()
    const payload = { refresh_token: 'cfr_2' }
    const answer = await send(app, {
      method: 'POST',
      url: '/logout',
      headers: bearer('tok-1'),
      payload,
    })
    expect(answer.statusCode).toBe(400)
    expect(world.calls).not.toContain('logout')
  })

  test('rule 16 one credential: at logout, two of one session end it', async () => {
    const { app } = worldOfTwo()
    const answer = await send(app, {
      method: 'POST',
      url: '/logout',
      headers: { ...bearer('tok-1'), token: 'cfc_1' },
      payload: { refresh_token: 'cfr_1' },
    })
    expect(answer.json()).toMatchObject({ revoked: true })
  })
})

describe('without a good credential', () => {
  test.each([
    ['none', {}, 'unauthenticated', 'Bearer'],
    ['garbage', bearer('garbage'), 'invalid_token', 'Bearer error="invalid_token"'],
    ['a refresh token', bearer('cfr_1'), 'invalid_token', 'Bearer error="invalid_token"'],
    ["the gateway's cookie", bearer('cfc_1'), 'invalid_token', 'Bearer error="invalid_token"'],
    [
      'another scheme',
      { authorization: 'Digest x' },
      'invalid_token',
      'Bearer error="invalid_token"',
    ],
    [
      'an empty Bearer',
      { authorization: 'Bearer ' },
      'invalid_token',
      'Bearer error="invalid_token"',
    ],
    [
      'a wrong secret',
      basic('backend', 'no'),
      'invalid_client',
      'Basic realm="curfew", charset="UTF-8"',
    ],
  ])('%s is 401 with a challenge', async (_name, headers, code, challenge) => {
    const { app } = worldOfTwo()
    const answer = await send(app, { url: '/sessions', headers })
    expect(answer.statusCode).toBe(401)
    expect(answer.json().code).toBe(code)
    expect(answer.headers['www-authenticate']).toBe(challenge)
    expect(answer.headers['content-type']).toBe('application/problem+json')
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  test('a session that has ended says why and when, in whole seconds', async () => {
    const { world, app } = worldOfTwo()
    world.end(1)
    const answer = await send(app, { url: '/sessions', headers: bearer('tok-1') })
    expect(answer.statusCode).toBe(401)
    expect(answer.json()).toMatchObject({
      type: 'urn:curfew:problem:session_ended',
      code: 'session_ended',
      status: 401,
      revoked_reason: 'user_logout',
      revoked_at: 1_767_225_600,
    })
  })

  test('an outage is 503 with Retry-After, never 401', async () => {
    const { world, app } = worldOfTwo()
    world.storeIsDown = true
    const answer = await send(app, { url: '/sessions', headers: bearer('tok-1') })
    expect(answer.statusCode).toBe(503)
    expect(answer.json().code).toBe('unavailable')
    expect(answer.headers['retry-after']).toBe('1')
  })

  test('a token in the token header is as good as Bearer', async () => {
    const { app } = worldOfTwo()
    const answer = await send(app, { url: '/sessions', headers: { token: 'cfs_1' } })
    expect(answer.statusCode).toBe(200)
  })

  test('a disabled client is 401', async () => {
    const { world, app } = worldOfTwo()
    world.disabled.add('client:reader')
    const answer = await send(app, { url: '/sessions/revoked', headers: basic('reader') })
    expect(answer.statusCode).toBe(401)
    expect(answer.json().code).toBe('invalid_client')
  })
})

describe('roles', () => {
  const sid = '019b76da-a800-7abc-8def-000000000001'
  const unknown = '019b76da-a800-7abc-8def-000000009999'
  test.each([
    ['a person', bearer('tok-1')],
    ['a client with service', basic('reader')],
    ['a client with issuer', basic('backend')],
    ["a client's own session", bearer('tok-4')],
  ])('%s may not revoke, whether the session exists or not', async (_name, headers) => {
    const { world, app } = worldOfTwo()
    const urls = [sid, unknown, 'malformed'].map((id) => `/sessions/${id}/revoke`)
    const answers = await Promise.all(
      urls.map((url) => send(app, { method: 'POST', url, headers })),
    )
    expect(answers.map((answer) => answer.statusCode)).toEqual([403, 403, 403])
    expect(new Set(answers.map((answer) => answer.body)).size).toBe(1)
    expect(world.calls).not.toContain('revokeSession')
  })

  test('an admin gets the same 404 for an unknown and for a malformed session', async () => {
    const { app } = worldOfTwo()
    const ask = (id: string) =>
      send(app, { method: 'POST', url: `/sessions/${id}/revoke`, headers: bearer('tok-3') })
    const answers = [await ask(unknown), await ask('malformed')]
    expect(answers.map((answer) => answer.statusCode)).toEqual([404, 404])
    expect(answers[0]?.body).toBe(answers[1]?.body)
  })

  test.each([
    ['a person with admin', bearer('tok-3'), 'root'],
    ['a client with admin', basic('operator'), 'client:operator'],
  ])('%s revokes, and stands in revoked_by_user_id', async (_name, headers, actor) => {
    const { app } = worldOfTwo()
    const url = `/sessions/${sid}/revoke`
    const done = await send(app, {
      method: 'POST',
      url,
      headers,
      payload: { reason: 'lost_phone' },
    })
    expect(done.json()).toEqual({ revoked: true, already_revoked: false, sid })
    const again = await send(app, { method: 'POST', url, headers })
    expect(again.json()).toEqual({ revoked: false, already_revoked: true, sid })
    const shown = await send(app, { url: `/sessions/${sid}`, headers })
    expect(shown.json()).toMatchObject({
      revoked_at: 1_767_225_600,
      revoked_reason: 'lost_phone',
      revoked_by_user_id: actor,
    })
  })

  test('roles are judged before the body', async () => {
    const { app } = worldOfTwo()
    const answer = await send(app, {
      method: 'POST',
      url: '/users/bob/revoke',
      headers: bearer('tok-1'),
      payload: { nonsense: 1 },
    })
    expect(answer.statusCode).toBe(403)
  })
})

describe('rule 19 no secret in a URL', () => {
  const urls = ['/sessions?access_token=tok-1', '/sessions?token=tok-1', '/sessions?bearer=tok-1']
  test.each(urls)('rule 19 no secret in a URL: %s carries no credential', async (url) => {
    const { app } = worldOfTwo()
    expect((await send(app, { url })).statusCode).toBe(401)
    // With a good credential the parameter is still refused, so that nobody gets used to it.
    expect((await send(app, { url, headers: bearer('tok-1') })).statusCode).toBe(400)
  })
})
