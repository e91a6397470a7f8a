import { describe, expect, test } from 'vitest'
import { basic, bearer, FakeWorld, send } from './testing.ts'

const form = { 'content-type': 'application/x-www-form-urlencoded' }

function oauthWorld() {
  const world = new FakeWorld()
  world.add(1, 'alice')
  const app = world.app()
  const post = (path: string, payload: string, headers: Record<string, string> = {}) =>
    send(app, { method: 'POST', url: `/oauth/${path}`, headers: { ...form, ...headers }, payload })
  return { world, app, post }
}

const refresh = 'grant_type=refresh_token&refresh_token=cfr_1'

describe('refreshing', () => {
  test('a public client sends its id, and gets no session token', async () => {
    const answer = await oauthWorld().post('token', `${refresh}&client_id=mobile`)
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.json()).toEqual({
      sid: expect.any(String),
      token_type: 'Bearer',
      access_token: 'an-access-token',
      expires_in: 300,
      refresh_token: 'cfr_next',
      session_expires_at: expect.any(Number),
    })
  })

  test('a session that has ended says why beside invalid_grant', async () => {
    const { world, post } = oauthWorld()
    world.end(1)
    const answer = await post('token', `${refresh}&client_id=mobile`)
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toMatchObject({
      error: 'invalid_grant',
      revoked_reason: 'user_logout',
      revoked_at: 1_767_225_600,
    })
  })

  test('a token that is not ours is invalid_grant, however long', async () => {
    const { post } = oauthWorld()
    for (const token of ['x', 'cfr_999', 'y'.repeat(5000)]) {
      const payload = `grant_type=refresh_token&client_id=mobile&refresh_token=${token}`
      expect((await post('token', payload)).json().error).toBe('invalid_grant')
    }
  })

  test('an outage is 503 temporarily_unavailable with Retry-After, and is counted', async () => {
    const { world, post } = oauthWorld()
    world.storeIsDown = true
    const answer = await post('token', `${refresh}&client_id=mobile`)
    expect(answer.statusCode).toBe(503)
    expect(answer.json().error).toBe('temporarily_unavailable')
    expect(answer.headers['retry-after']).toBe('1')
    expect(await world.metrics.text()).toContain('curfew_refresh_total{result="unavailable"} 1')
  })
})

describe('bad token requests', () => {
  test.each([
    ['', 'invalid_request'],
    ['grant_type=', 'invalid_request'],
    ['grant_type=password&client_id=mobile', 'unsupported_grant_type'],
    [
      'grant_type=urn:ietf:params:oauth:grant-type:device_code&client_id=mobile',
      'unauthorized_client',
    ],
    ['grant_type=refresh_token&client_id=mobile', 'invalid_request'],
    [`${refresh}&client_id=mobile&refresh_token=cfr_1`, 'invalid_request'],
    [`${refresh}&client_id=mobile&grant_type=refresh_token`, 'invalid_request'],
    [`${refresh}&client_id=mobile&scope=admin`, 'invalid_scope'],
    [`${refresh}&client_id=mobile&resource=https://other.example`, 'invalid_target'],
    ['grant_type=client_credentials&client_id=mobile', 'unauthorized_client'],
  ])('%s is 400 %s', async (payload, error) => {
    const answer = await oauthWorld().post('token', payload)
    expect(answer.statusCode).toBe(400)
    expect(answer.json().error).toBe(error)
    expect(answer.headers['content-type']).toContain('application/json')
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  test('resource may repeat, and unknown parameters are ignored', async () => {
    const payload = `${refresh}&client_id=mobile&resource=https://api.example.com&resource=https://auth.example.com&shoe=42`
    expect((await oauthWorld().post('token', payload)).statusCode).toBe(200)
  })

  test('JSON is an invalid request (RFC 6749, section 5.2)', async () => {
    const answer = await oauthWorld().post('token', '{}', { 'content-type': 'application/json' })
    expect(answer.statusCode).toBe(400)
    expect(answer.json().error).toBe('invalid_request')
  })
})

describe('clients prove themselves', () => {
  const own = 'grant_type=client_credentials'
  test.each([
    ['Basic', own, basic('backend')],
    ['client_secret', `${own}&client_id=backend&client_secret=backend-secret`, {}],
    [
      'an assertion',
      `${own}&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion=backend.signed`,
      {},
    ],
  ])('by %s', async (_name, payload, headers) => {
    const answer = await oauthWorld().post('token', payload, headers)
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).not.toHaveProperty('refresh_token')
    expect(answer.json()).not.toHaveProperty('session_token')
  })

  test.each([
    ['nobody', own, {}],
    ['an unknown client', own, basic('nobody', 'x')],
    ['a wrong secret', own, basic('backend', 'x')],
    ['no secret', `${refresh}&client_id=backend`, {}],
    ['a secret of a public client', `${refresh}&client_id=mobile&client_secret=x`, {}],
    ['Bearer', `${refresh}&client_id=mobile`, bearer('tok-1')],
    [
      'a bad assertion',
      `${own}&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion=backend.forged`,
      {},
    ],
  ])('%s is 401 invalid_client', async (_name, payload, headers) => {
    const { world, post } = oauthWorld()
    const answer = await post('token', payload, headers)
    expect(answer.statusCode).toBe(401)
    expect(answer.json().error).toBe('invalid_client')
    expect(answer.headers['www-authenticate']).toMatch(/^Basic /)
    expect(world.calls).not.toContain('refresh')
  })

  test.each([
    ['two ways', `${own}&client_id=backend&client_secret=backend-secret`, basic('backend')],
    ['another client_id', `${own}&client_id=reader`, basic('backend')],
  ])('%s is 400', async (_name, payload, headers) => {
    const answer = await oauthWorld().post('token', payload, headers)
    expect(answer.statusCode).toBe(400)
    expect(answer.json().error).toBe('invalid_request')
  })

  test('a disabled client gets no token', async () => {
    const { world, post } = oauthWorld()
    world.disabled.add('client:backend')
    const answer = await post('token', own, basic('backend'))
    expect(answer.statusCode).toBe(401)
  })

  test('an id and a secret may be form-encoded (RFC 6749, section 2.3.1)', async () => {
    const world = new FakeWorld()
    const deps = world.deps()
    const clients = {
      ...deps.clients,
      secretMatches: (_id: string, secret: { reveal(): string }) => secret.reveal() === 'a+b %ü',
    }
    const { createHttp } = await import('./app.ts')
    const { app } = createHttp({ ...deps, clients })
    const ask = (secret: string) =>
      send(app, {
        method: 'POST',
        url: '/oauth/token',
        headers: { ...form, ...basic('backend', secret) },
        payload: own,
      })
    expect((await ask('a%2Bb+%25%C3%BC')).statusCode).toBe(200)
    expect((await ask('a+b %ü')).statusCode).toBe(200)
  })
})

describe('POST /oauth/revoke', () => {
  test('ends the session, and is 200 for whatever is not good', async () => {
    const { world, post } = oauthWorld()
    for (const token of ['cfr_1', 'cfr_1', 'garbage']) {
      const answer = await post('revoke', `client_id=mobile&token=${token}`)
      expect(answer.statusCode).toBe(200)
      expect(answer.body).toBe('')
    }
    expect([...world.sessions.values()][0]?.kind).toBe('ended')
  })

  test('refuses a token of another client, which stays', async () => {
    const { world, post } = oauthWorld()
    const answer = await post('revoke', 'token=cfr_1', basic('backend'))
    expect(answer.statusCode).toBe(400)
    expect(answer.json().error).toBe('invalid_grant')
    expect([...world.sessions.values()][0]?.kind).toBe('live')
  })

  test('wants a token and a client', async () => {
    const { post } = oauthWorld()
    expect((await post('revoke', 'client_id=mobile')).json().error).toBe('invalid_request')
    expect((await post('revoke', 'token=cfr_1')).statusCode).toBe(401)
  })
})

describe('POST /oauth/introspect', () => {
  test('says active to a confidential client', async () => {
    const answer = await oauthWorld().post('introspect', 'token=tok-1', basic('plain'))
    expect(answer.json()).toEqual({ active: true })
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  test('says nothing else of what is not', async () => {
    const { world, post } = oauthWorld()
    world.end(1)
    const answer = await post('introspect', 'token=tok-1', basic('plain'))
    expect(answer.json()).toEqual({ active: false })
  })

  test('takes the Bearer of a client, and of nobody else', async () => {
    const { world, post } = oauthWorld()
    world.add(2, 'client:reader')
    expect((await post('introspect', 'token=tok-1', bearer('tok-2'))).statusCode).toBe(200)
    expect((await post('introspect', 'token=tok-1', bearer('tok-1'))).statusCode).toBe(401)
    expect((await post('introspect', 'token=tok-1', bearer('garbage'))).statusCode).toBe(401)
  })

  test('refuses public and disabled clients', async () => {
    const { world, post } = oauthWorld()
    expect((await post('introspect', 'token=tok-1&client_id=mobile')).statusCode).toBe(401)
    world.disabled.add('client:plain')
    expect((await post('introspect', 'token=tok-1', basic('plain'))).statusCode).toBe(401)
  })
})
