import { describe, expect, test } from 'vitest'
import { endByProviderSid, endBySubject, type ProviderLogoutAnswer } from '#authority'
import { Secret } from '#domain'
import { signOutUrl, verifyLogoutToken } from '#oidc'
import {
  comeBack,
  goToProvider,
  openStage,
  type Replica,
  rowOf,
  signedIn,
  started,
} from './stage.ts'

async function ready() {
  const stage = await openStage()
  return { stage, replica: await stage.replica() }
}

const verify = (replica: Replica, token: string) =>
  verifyLogoutToken(replica.providers, replica.rooms.clock, token)

/** What the route does with a logout token. */
async function announce(replica: Replica, token: string): Promise<ProviderLogoutAnswer | string> {
  const verdict = await verify(replica, token)
  if (verdict.kind === 'invalid') return verdict.why
  if (verdict.kind === 'unavailable') return verdict.kind
  const { issuer, providerSid, subject, id, rememberUntil: expiresAt, issuedAt } = verdict
  const announcement = { id, expiresAt }
  if (providerSid !== null) {
    return endByProviderSid(replica.rooms, replica.store, { issuer, providerSid, announcement })
  }
  const order = { issuer, subject: subject ?? '', createdUntil: issuedAt, announcement }
  return endBySubject(replica.rooms, replica.store, order)
}

describe('a logout token', () => {
  test('of the provider names issuer, sid and its own id', async () => {
    const { stage, replica } = await ready()
    const token = await stage.provider.logoutToken({ jti: 'one', sub: 'alice' })
    expect(await verify(replica, token)).toMatchObject({
      kind: 'logout',
      providerId: 'main',
      issuer: stage.provider.issuer,
      providerSid: 'op-session-1',
      subject: 'alice',
      id: 'one',
    })
  })

  const now = Math.floor(Date.now() / 1000)
  for (const [what, claims, header] of [
    ['scenario B10: with a nonce', { nonce: 'n' }, {}],
    ['scenario B09: with no events', { events: undefined }, {}],
    ['scenario B09: with another event', { events: { 'http://example.com/event': {} } }, {}],
    [
      'scenario B09: with an event that is no object',
      { events: { 'http://schemas.openid.net/event/backchannel-logout': 1 } },
      {},
    ],
    ['scenario B06: with another audience', { aud: 'somebody' }, {}],
    ['scenario B06: with another issuer', { iss: 'https://mallory.example.com' }, {}],
    ['with no jti', { jti: undefined }, {}],
    ['scenario B07: with no iat', { iat: undefined }, {}],
    ['scenario B08: with no exp', { exp: undefined }, {}],
    ['scenario B08: with an exp in the past', { exp: now - 120 }, {}],
    ['scenario B07: with an iat of an hour ago', { iat: now - 3600 }, {}],
    ['scenario B07: with an iat in the future', { iat: now + 300, exp: now + 600 }, {}],
    ['scenario B11: with neither sid nor sub', { sid: undefined }, {}],
    ['scenario B12: with the typ of an access token', {}, { typ: 'at+jwt' }],
    ['scenario B05: with a key that the provider does not have', {}, { kid: 'k2' }],
  ] as const) {
    test(`${what} is invalid`, async () => {
      const { stage, replica } = await ready()
      const token = await stage.provider.logoutToken(claims, header)
      expect(await verify(replica, token)).toMatchObject({ kind: 'invalid' })
    })
  }

  test('scenarios B05, T01: that is not signed, or signed with what is public, is invalid', async () => {
    const { stage, replica } = await ready()
    const [, payload] = (await stage.provider.logoutToken()).split('.')
    for (const alg of ['none', 'HS256']) {
      const header = Buffer.from(JSON.stringify({ alg, typ: 'logout+jwt' })).toString('base64url')
      expect((await verify(replica, `${header}.${payload}.c2ln`)).kind).toBe('invalid')
    }
    expect((await verify(replica, 'garbage')).kind).toBe('invalid')
    expect((await verify(replica, '')).kind).toBe('invalid')
  })

  test('that cannot be verified for want of the provider’s keys is to be sent again', async () => {
    const { stage, replica } = await ready()
    stage.provider.keysStatus = 503
    const token = await stage.provider.logoutToken()
    expect((await verify(replica, token)).kind).toBe('unavailable')
    stage.provider.keysStatus = 200
    expect((await verify(replica, token)).kind).toBe('logout')
  })

  test('scenario B12: is accepted without typ, as older providers send it', async () => {
    const { stage, replica } = await ready()
    const token = await stage.provider.logoutToken({}, { typ: undefined })
    expect((await verify(replica, token)).kind).toBe('logout')
  })
})

describe('back-channel logout', () => {
  test('scenario B06: our client id among several audiences is enough', async () => {
    const { stage, replica } = await ready()
    const token = await stage.provider.logoutToken({ aud: ['somebody', 'curfew'] })
    expect((await verify(replica, token)).kind).toBe('logout')
  })

  test('scenario B03: with sid and sub it is the session of the sid that ends', async () => {
    const { stage, replica } = await ready()
    const session = await signedIn(stage, replica)
    stage.provider.sid = 'op-session-2'
    const other = await signedIn(stage, replica)
    const token = await stage.provider.logoutToken({ sid: 'op-session-1', sub: 'alice' })
    expect(await announce(replica, token)).toMatchObject({ ended: [{ sid: session.origin.sid }] })
    expect((await rowOf(replica, other)).kind).toBe('live')
  })

  test('scenarios B01, B14: ends the sessions of its sid, here at once, and a replay ends nothing', async () => {
    const { stage, replica } = await ready()
    const session = await signedIn(stage, replica)
    stage.provider.sid = 'op-session-2'
    const other = await signedIn(stage, replica)
    const token = await stage.provider.logoutToken({ sid: 'op-session-1' })
    expect(await announce(replica, token)).toMatchObject({
      kind: 'done',
      ended: [{ sid: session.origin.sid }],
    })
    expect(replica.denied.has(session.origin.sid)).toBe(true)
    expect(await rowOf(replica, session)).toMatchObject({ end: { reason: 'idp_logout', by: null } })
    expect((await rowOf(replica, other)).kind).toBe('live')
    expect(await announce(replica, token)).toEqual({ kind: 'replayed' })
  })

  test('rule 23 late sign-in: one that arrives before the callback has finished leaves no session', async () => {
    const { stage, replica } = await ready()
    const { callback, browser } = await goToProvider(stage, replica)
    const returned = await comeBack(replica, browser, callback)
    expect(await announce(replica, await stage.provider.logoutToken())).toEqual({
      kind: 'done',
      ended: [],
    })
    expect(await started(replica, returned)).toEqual({ kind: 'provider-logged-out' })
  })

  test('rule 23 late sign-in: scenarios B02, B15: by subject alone it ends all sessions until its iat, and what is under way', async () => {
    const { stage, replica } = await ready()
    const session = await signedIn(stage, replica)
    const { callback, browser } = await goToProvider(stage, replica)
    stage.advance(2000)
    const returned = await comeBack(replica, browser, callback)
    const token = await stage.provider.logoutToken({ sid: undefined, sub: 'alice' })
    expect(await announce(replica, token)).toMatchObject({ ended: [{ sid: session.origin.sid }] })
    expect(await started(replica, returned)).toEqual({ kind: 'fence-moved' })
    expect((await signedIn(stage, replica)).kind).toBe('live')
  })

  test('front-channel logout ends the same and is not remembered', async () => {
    const { stage, replica } = await ready()
    const session = await signedIn(stage, replica)
    const { issuer, sid: providerSid } = stage.provider
    const order = { issuer, providerSid, announcement: null }
    const answer = await endByProviderSid(replica.rooms, replica.store, order)
    expect(answer).toMatchObject({ ended: [{ sid: session.origin.sid }] })
    expect((await signedIn(stage, replica)).kind).toBe('live')
  })
})

describe('RP-initiated logout', () => {
  const order = { providerId: 'main', returnUrl: 'https://auth.example.com/signed-out', state: 's' }

  test('carries this session’s own ID token, our client id and where to return to', async () => {
    const { stage, replica } = await ready()
    const url = await signOutUrl(replica.providers, {
      ...order,
      idToken: new Secret('the.id.token'),
      uiLocales: 'de fr',
    })
    const { origin, pathname, searchParams } = new URL(url ?? '')
    expect(origin + pathname).toBe(`${stage.provider.issuer}/end-session`)
    expect(Object.fromEntries(searchParams)).toEqual({
      client_id: 'curfew',
      id_token_hint: 'the.id.token',
      post_logout_redirect_uri: order.returnUrl,
      state: 's',
      ui_locales: 'de fr',
    })
  })

  test('leads nowhere when the provider is gone or cannot be asked', async () => {
    const { stage, replica } = await ready()
    await stage.provider.close()
    expect(await signOutUrl(replica.providers, { ...order, idToken: null })).toBeUndefined()
    const gone = { ...order, providerId: 'gone', idToken: null }
    expect(await signOutUrl(replica.providers, gone)).toBeUndefined()
    await stage.provider.listen()
  })
})
