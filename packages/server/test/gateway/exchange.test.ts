/* Token exchange over HTTP: a provider's ID token for a session that lives and dies like any other. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asText, claimsOf, clients, newSecret, publicClient } from '#test/harness/index.ts'
import { startScriptableProvider } from '#test/oidc/scriptable-provider.ts'
import { type Gate, openGate, providerConfig } from './gate.ts'
import { sendRaw } from './wire.ts'

const grant = 'urn:ietf:params:oauth:grant-type:token-exchange'
const idTokenType = 'urn:ietf:params:oauth:token-type:id_token'
const exchanger = { id: 'exchanger', secret: newSecret() }
const bare = { id: 'bare', secret: newSecret() }

describe('token exchange', () => {
  let gate: Gate
  beforeAll(async () => {
    const provider = await startScriptableProvider()
    const main = { ...providerConfig(provider), exchangeAudiences: ['ios'] }
    const config = {
      identityProviders: [main],
      clients: [
        { ...clients.webapp, grants: ['refresh_token', 'client_credentials'] },
        { ...exchanger, grants: ['refresh_token', grant], device: 'app' },
        { ...bare, grants: ['token_exchange'], device: 'app' },
        { id: publicClient, grants: ['refresh_token'] },
      ],
    }
    gate = await openGate({ config, provider })
  })
  afterAll(async () => {
    await gate?.close()
    await gate?.provider.close()
  })

  const now = () => Math.floor(Date.now() / 1000)
  const idToken = (claims: Record<string, unknown> = {}) => {
    const standard = { iss: gate.provider.issuer, aud: 'ios', sub: 'alice', sid: 'op-9' }
    return gate.provider.sign({ ...standard, iat: now(), exp: now() + 600, ...claims })
  }
  const ask = (token: string, as: { id: string; secret: string } | null = exchanger) => {
    const form = { grant_type: grant, subject_token: token, subject_token_type: idTokenType }
    const { api } = gate.curfew
    return as === null
      ? api.post('/oauth/token', { form: { ...form, client_id: publicClient } })
      : api.post('/oauth/token', { form, as })
  }

  test('rule 17 roles: an exchanged token makes nobody admin, issuer or service', async () => {
    const roles = ['admin', 'issuer', 'service', 'pilot']
    const answer = await ask(await idToken({ sub: 'mallory', roles }))
    const access = asText(answer.body['access_token'])
    expect(claimsOf(access)['roles']).toEqual(['pilot'])
    const { status } = await gate.curfew.api.get('/admin/sessions', { as: access })
    expect(status).toBe(403)
  })

  test('rule 32 exchange: one token buys one session, from four places at once', async () => {
    const token = await idToken()
    const answers = await Promise.all([1, 2, 3, 4].map(() => ask(token)))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 400, 400, 400])
    const won = answers.find(({ status }) => status === 200)
    expect(won?.body).toMatchObject({
      token_type: 'Bearer',
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      refresh_token: expect.stringMatching(/^cfr_/),
    })
    const access = asText(won?.body['access_token'])
    expect((await gate.curfew.api.introspect(access)).body).toMatchObject({
      ...{ active: true, sub: 'main:alice', client_id: 'exchanger', device: 'app' },
    })
    const refreshed = await gate.curfew.api.refresh(asText(won?.body['refresh_token']), exchanger)
    expect(refreshed.status, refreshed.text).toBe(200)
  })

  test('rule 32 exchange: only a confidential client with the grant, and no token of ours', async () => {
    expect((await ask(await idToken(), null)).body['error']).toBe('unauthorized_client')
    expect((await ask(await idToken(), clients.webapp)).body['error']).toBe('unauthorized_client')
    const first = await ask(await idToken({ jti: '1' }), bare)
    expect(first.body).not.toHaveProperty('refresh_token')
    const own = await ask(asText(first.body['access_token']))
    expect(own.status).toBe(400)
    expect(own.body).toMatchObject({ error: 'invalid_request' })
    for (const claims of [{ aud: 'curfew' }, { iat: now() - 400 }, { aud: 'x' }]) {
      expect((await ask(await idToken(claims))).body['error']).toBe('invalid_request')
    }
  })

  test('rule 1 fence: a token from before a sign-out everywhere buys nothing, a later one does', async () => {
    const held = await idToken({ sub: 'carol', iat: now() - 30, jti: 'held' })
    const first = await ask(await idToken({ sub: 'carol', iat: now() - 20 }))
    const access = asText(first.body['access_token'])
    const out = await gate.curfew.api.post('/logout/all', { as: access })
    expect(out.body).toEqual({ revoked: 1 })
    const refused = await ask(held)
    expect(refused.status).toBe(400)
    expect(refused.body['error_description']).toMatch(/signed out everywhere/)
    expect((await ask(await idToken({ sub: 'carol', iat: now() + 2 }))).status).toBe(200)
  })

  test('the provider’s back-channel logout ends it, with the reason told', async () => {
    const answer = await ask(await idToken({ sid: 'op-10', sub: 'bob' }))
    const logoutToken = await gate.provider.logoutToken({ sid: 'op-10' })
    const body = new URLSearchParams({ logout_token: logoutToken }).toString()
    const url = new URL(`${gate.curfew.url}/oidc/backchannel-logout`)
    const headers = [['Content-Type', 'application/x-www-form-urlencoded']] as const
    expect((await sendRaw(url, { method: 'POST', headers, body })).status).toBe(200)
    const late = await gate.curfew.api.refresh(asText(answer.body['refresh_token']), exchanger)
    expect(late.body).toMatchObject({ error: 'invalid_grant', revoked_reason: 'idp_logout' })
  })
})
