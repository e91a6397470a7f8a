import { describe, expect, test } from 'vitest'
import { instant, type Uid } from '#domain'
import { basic, FakeWorld, send } from '../testing.ts'

const grant = 'urn:ietf:params:oauth:grant-type:token-exchange'
const type = (name: string) => `urn:ietf:params:oauth:token-type:${name}`
const issuedAt = instant(0)
const good = { subject_token: 'eyJ', subject_token_type: type('id_token') }

function exchanging(client: string | null = 'exchanger') {
  const world = new FakeWorld()
  world.subjectToken = (token) =>
    token === 'eyJ'
      ? { kind: 'subject', identity, digest: token, issuedAt, rememberUntil: instant(0) }
      : { kind: 'invalid', why: 'it is one of ours' }
  const app = world.app()
  const post = (form: Record<string, string>) => {
    const body = new URLSearchParams({ grant_type: grant, ...form })
    if (client === null) body.set('client_id', 'mobile')
    const credentials = client === null ? {} : basic(client)
    const headers = { 'content-type': 'application/x-www-form-urlencoded', ...credentials }
    return send(app, { method: 'POST', url: '/oauth/token', headers, payload: body.toString() })
  }
  return { world, post }
}

const identity = {
  ...{ providerId: 'main', issuer: 'https://idp.example.com', subject: 'alice' },
  ...{ providerSid: null, uid: 'main:alice' as Uid, roles: [], claims: {}, verifiedEmail: null },
  tokens: { accessToken: null, idToken: null, refreshToken: null },
  ...{ tokensExpireAt: null, acr: null, amr: null, authTime: null },
}

describe('token exchange', () => {
  test('answers as other grants do, with issued_token_type', async () => {
    const answer = await exchanging().post(good)
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.json()).toEqual({
      sid: expect.any(String),
      issued_token_type: type('access_token'),
      token_type: 'Bearer',
      access_token: 'an-access-token',
      expires_in: 300,
      refresh_token: 'cfr_next',
      session_expires_at: expect.any(Number),
    })
  })

  test('either kind of token may be asked for, and the services that it is for', async () => {
    const audience = 'https://api.example.com'
    for (const more of [
      { requested_token_type: type('access_token') },
      { requested_token_type: type('refresh_token') },
      { audience },
      { resource: audience },
    ]) {
      const { post } = exchanging()
      expect((await post({ ...good, ...more } as Record<string, string>)).statusCode).toBe(200)
    }
  })

  test.each([
    [{ subject_token: '' }, 'invalid_request'],
    [{ subject_token_type: '' }, 'invalid_request'],
    [{ subject_token_type: type('jwt') }, 'invalid_request'],
    [{ subject_token_type: type('access_token') }, 'invalid_request'],
    [{ subject_token: 'cfr_1' }, 'invalid_request'],
    [{ actor_token: 'x', actor_token_type: type('id_token') }, 'invalid_request'],
    [{ actor_token_type: type('id_token') }, 'invalid_request'],
    [{ requested_token_type: type('saml2') }, 'invalid_request'],
    [{ requested_token_type: type('id_token') }, 'invalid_request'],
    [{ audience: 'https://other.example.com' }, 'invalid_target'],
    [{ resource: 'https://other.example.com' }, 'invalid_target'],
    [{ scope: 'everything' }, 'invalid_scope'],
  ])('%j is 400 %s, and starts nothing', async (change, error) => {
    const { world, post } = exchanging()
    const answer = await post({ ...good, ...(change as Record<string, string>) })
    expect(answer.statusCode).toBe(400)
    expect(answer.json().error).toBe(error)
    expect(world.calls).not.toContain('exchange')
  })

  test('rule 32 exchange: a public client, and one without the grant, are unauthorized', async () => {
    for (const client of ['backend', null]) {
      const answer = await exchanging(client).post(good)
      expect(answer.statusCode).toBe(400)
      expect(answer.json().error).toBe('unauthorized_client')
    }
  })

  test('rule 32 exchange: the second use is invalid_request', async () => {
    const { post } = exchanging()
    expect((await post(good)).statusCode).toBe(200)
    const again = await post(good)
    expect(again.statusCode).toBe(400)
    expect(again.json().error).toBe('invalid_request')
  })

  test('a disabled person is refused, and an outage is 503', async () => {
    const { world, post } = exchanging()
    world.disabled.add('main:alice')
    expect((await post(good)).json().error).toBe('invalid_request')
    world.subjectToken = () => ({ kind: 'unavailable', retryAfterMs: 1000 })
    expect((await post(good)).statusCode).toBe(503)
    world.storeIsDown = true
    expect((await post(good)).statusCode).toBe(503)
  })
})
