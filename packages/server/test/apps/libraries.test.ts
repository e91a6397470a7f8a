/* Client libraries as they come, over HTTP: what an application's developers would use. */
import { OAuth2Client } from '@badgateway/oauth2-client'
import * as jose from 'jose'
import * as oidc from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Gate } from '#test/gateway/gate.ts'
import { clients } from '#test/harness/index.ts'
import { at, destinationOf, openApps, signInBy } from './apps.ts'

let gate: Gate
beforeAll(async () => {
  gate = await openApps()
  gate.provider.claims = {
    ...{ name: 'Alice', email: 'alice@example.com', email_verified: true, phone_number: '+1' },
    ...{ acr: 'gold', amr: ['pwd'], auth_time: 1_700_000_000 },
  }
})
afterAll(() => gate?.close())

async function configured(id: string, secret?: string) {
  const method = secret === undefined ? oidc.None() : oidc.ClientSecretBasic(secret)
  const options = { execute: [oidc.allowInsecureRequests] }
  return oidc.discovery(new URL(gate.curfew.issuer), id, secret, method, options)
}

async function signedIn(config: oidc.Configuration, redirectUri: string) {
  const checks = {
    pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
    expectedState: oidc.randomState(),
    expectedNonce: oidc.randomNonce(),
  }
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: 'openid profile email',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
  })
  const reply = await signInBy(gate, gate.visitor(), url.href)
  return oidc.authorizationCodeGrant(config, destinationOf(reply), checks)
}

describe('openid-client', () => {
  test('a confidential client: code flow, userinfo, refresh, introspection, revocation', async () => {
    const config = await configured(clients.webapp.id, clients.webapp.secret)
    const tokens = await signedIn(config, at.web)
    const claims = tokens.claims()
    expect(claims).toMatchObject({
      ...{ sub: 'main:alice', aud: clients.webapp.id, name: 'Alice', email: 'alice@example.com' },
      ...{ acr: 'gold', amr: ['pwd'], auth_time: 1_700_000_000, sid: tokens['sid'] },
    })
    expect(claims).not.toHaveProperty('phone_number')
    const info = await oidc.fetchUserInfo(config, tokens.access_token, 'main:alice')
    expect(info).toEqual({
      ...{ sub: 'main:alice', name: 'Alice' },
      ...{ email: 'alice@example.com', email_verified: true },
    })

    const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token ?? '')
    expect(refreshed.claims()).toMatchObject({
      ...{ sub: 'main:alice', auth_time: 1_700_000_000, sid: tokens['sid'] },
    })
    expect(refreshed.claims()).not.toHaveProperty('nonce')
    const active = await oidc.tokenIntrospection(config, refreshed.access_token)
    expect(active).toMatchObject({ active: true, sub: 'main:alice', scope: 'openid profile email' })
    await oidc.tokenRevocation(config, refreshed.refresh_token ?? '')
    expect(await oidc.tokenIntrospection(config, refreshed.access_token)).toEqual({ active: false })
    await expect(
      oidc.fetchUserInfo(config, refreshed.access_token, 'main:alice'),
    ).rejects.toMatchObject({ status: 401 })
  })

  test('a public client of its own scheme, and the ID token is signed with the published keys', async () => {
    const config = await configured('mobile')
    const tokens = await signedIn(config, at.mobile)
    const keys = jose.createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri ?? ''))
    const { issuer } = gate.curfew
    const verified = await jose.jwtVerify(tokens.id_token ?? '', keys, {
      ...{ issuer, audience: 'mobile', typ: 'JWT' },
    })
    expect(verified.payload['at_hash']).toHaveLength(22)
    const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token ?? '')
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token)
  })

  test('a pushed request, client credentials, and the way out', async () => {
    const config = await configured(clients.webapp.id, clients.webapp.secret)
    const verifier = oidc.randomPKCECodeVerifier()
    const state = oidc.randomState()
    const url = await oidc.buildAuthorizationUrlWithPAR(config, {
      ...{ redirect_uri: at.web, scope: 'openid', state, code_challenge_method: 'S256' },
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    })
    expect([...url.searchParams.keys()].toSorted()).toEqual(['client_id', 'request_uri'])
    const reply = await signInBy(gate, gate.visitor(), url.href)
    const tokens = await oidc.authorizationCodeGrant(config, destinationOf(reply), {
      ...{ pkceCodeVerifier: verifier, expectedState: state },
    })
    // Once: the second time there is nobody that could be told.
    const again = await gate.visitor().open(url.href)
    expect([again.status, again.headers['location']]).toEqual([400, undefined])

    const own = await oidc.clientCredentialsGrant(config)
    expect(own.expires_in).toBeGreaterThan(0)

    const leave = oidc.buildEndSessionUrl(config, {
      ...{ post_logout_redirect_uri: at.out, state: 'bye', id_token_hint: tokens.id_token ?? '' },
    })
    const visitor = gate.visitor()
    const left = await visitor.open(leave.href)
    expect(left.headers['location']).toContain(`${gate.provider.issuer}/end-session`)
    const there = new URL(left.headers['location'] ?? '')
    const back = await visitor.open(
      `${there.searchParams.get('post_logout_redirect_uri')}?state=${there.searchParams.get('state')}`,
    )
    expect(back.headers['location']).toBe(`${at.out}?state=bye`)
    expect(await oidc.tokenIntrospection(config, tokens.access_token)).toEqual({ active: false })
  })

  test('hears the errors of the provider as they were said', async () => {
    const config = await configured(clients.webapp.id, clients.webapp.secret)
    const state = oidc.randomState()
    const verifier = oidc.randomPKCECodeVerifier()
    const url = oidc.buildAuthorizationUrl(config, {
      ...{ redirect_uri: at.web, scope: 'openid', state, prompt: 'none' },
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    })
    const visitor = gate.visitor()
    const { location = '' } = (await visitor.open(url.href)).headers
    expect(new URL(location).searchParams.get('prompt')).toBe('none')
    const answer = new URL(`${gate.curfew.issuer}/oidc/callback`)
    answer.searchParams.set('error', 'login_required')
    answer.searchParams.set('state', new URL(location).searchParams.get('state') ?? '')
    answer.searchParams.set('iss', gate.provider.issuer)
    const reply = await visitor.open(answer.href)
    await expect(
      oidc.authorizationCodeGrant(config, destinationOf(reply), {
        ...{ expectedState: state, pkceCodeVerifier: verifier },
      }),
    ).rejects.toMatchObject({ error: 'login_required' })
  })
})

/** Written without openid-client and what that stands on; it knows OAuth 2.0 alone. */
describe('@badgateway/oauth2-client', () => {
  test('code flow with PKCE, refresh, introspection, revocation', async () => {
    const client = new OAuth2Client({
      server: gate.curfew.issuer,
      discoveryEndpoint: '/.well-known/oauth-authorization-server',
      clientId: clients.webapp.id,
      clientSecret: clients.webapp.secret,
    })
    const codeVerifier = 'v'.repeat(43)
    const address = await client.authorizationCode.getAuthorizeUri({
      ...{ redirectUri: at.web, state: 'a state', codeVerifier, scope: ['api'] },
    })
    const reply = await signInBy(gate, gate.visitor(), address)
    const token = await client.authorizationCode.getTokenFromCodeRedirect(destinationOf(reply), {
      ...{ redirectUri: at.web, state: 'a state', codeVerifier },
    })
    expect(await client.introspect(token)).toMatchObject({ active: true, scope: 'api' })
    const next = await client.refreshToken(token)
    expect(next.refreshToken).not.toBe(token.refreshToken)
    await client.revoke(next)
    expect(await client.introspect(next)).toMatchObject({ active: false })
  })
})
