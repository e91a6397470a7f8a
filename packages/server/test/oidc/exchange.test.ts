/* ID tokens that others bring: what is taken, what is refused, and that each is taken once. Rule 32. */
import { generateKeyPair, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import {
  type ClientRules,
  type ExchangeInput,
  endByProviderSid,
  endBySubject,
  exchangeToken,
} from '#authority'
import { type ClientId, instant } from '#domain'
import { type ProviderSettings, Providers, verifySubjectToken } from '#oidc'
import { freshDatabase } from '#test/services/vitest.ts'
import { openStage, publicUrl, type Replica, type Stage } from './stage.ts'

const backend: ClientRules = {
  id: 'backend' as ClientId,
  confidential: true,
  roles: [],
  mayGrant: [],
  mayStartAdmins: false,
  grants: ['refresh_token', 'urn:ietf:params:oauth:grant-type:token-exchange'],
  device: 'web',
  scopes: ['openid', 'profile'],
  deviceGrantDevice: 'web',
  redirectUris: [],
  postLogoutRedirectUris: [],
  dpop: 'offered',
}

const exchangeAudiences = ['ios', 'android']

async function ready(changes: Partial<ProviderSettings> = {}) {
  const stage = await openStage(undefined, { exchangeAudiences, ...changes })
  return { stage, replica: await stage.replica() }
}

const seconds = (ahead = 0) => Math.floor(Date.now() / 1000) + ahead

function idToken(stage: Stage, claims: Record<string, unknown> = {}, header = {}): Promise<string> {
  const { issuer, sid } = stage.provider
  const times = { iat: seconds(), exp: seconds(3600) }
  return stage.provider.sign(
    { iss: issuer, sub: 'alice', aud: 'ios', sid, ...times, ...claims },
    header,
  )
}

function verify({ providers, rooms }: Replica, token: string, ownIssuer = publicUrl) {
  return verifySubjectToken({ providers, clock: rooms.clock, ownIssuer }, token)
}

/** What the route does: the fence first, then the token, then the start. */
async function exchange(replica: Replica, token: string, changes: Partial<ExchangeInput> = {}) {
  const { rooms, store, seal } = replica
  const fence = await store.fence()
  const verdict = await verify(replica, token)
  if (verdict.kind !== 'subject') throw new Error(JSON.stringify(verdict))
  const { identity, digest, issuedAt, rememberUntil } = verdict
  const wish = { resources: [], scope: null }
  return exchangeToken(
    { rooms, store, seal },
    {
      ...{ identity, once: { digest, rememberUntil }, issuedAt, client: backend, fence },
      ...{ ip: '203.0.113.7', userAgent: 'phone', wish, dpopThumbprint: null, ...changes },
    },
  )
}

async function issued(replica: Replica, token: string) {
  const answer = await exchange(replica, token)
  if (answer.kind !== 'issued') throw new Error(answer.kind)
  return answer.tokens
}

describe('a good ID token', () => {
  test('rule 32 exchange: of a named audience is the person that a sign-in would be', async () => {
    const { stage, replica } = await ready({ claimsFrom: ['id_token'], trustEmail: false })
    const about = { email: 'Alice@Example.com', email_verified: true, roles: ['pilot', 'admin'] }
    const context = { acr: 'high', amr: ['pwd', 'otp'], auth_time: seconds(-60) }
    const verdict = await verify(replica, await idToken(stage, { ...about, ...context }))
    expect(verdict).toMatchObject({
      kind: 'subject',
      identity: {
        ...{ providerId: 'main', issuer: stage.provider.issuer, subject: 'alice' },
        ...{ providerSid: 'op-session-1', uid: 'main:alice', verifiedEmail: 'alice@example.com' },
        ...{ roles: ['pilot'], acr: 'high', amr: ['pwd', 'otp'], authTime: context.auth_time },
        tokens: { accessToken: null, idToken: null, refreshToken: null },
      },
    })
  })

  test('starts a session of the client’s class with a refresh token and none of its own kind', async () => {
    const { stage, replica } = await ready()
    const { session, refreshToken, sessionToken } = await issued(replica, await idToken(stage))
    expect(session).toMatchObject({
      origin: { uid: 'main:alice', clientId: 'backend', device: 'web' },
      profile: { ip: '203.0.113.7', userAgent: 'phone' },
      grants: { scope: 'openid profile' },
      provider: { providerSid: 'op-session-1', refreshTokenIssuedAt: null },
    })
    expect(session.provider?.tokensExpireAt).toBe(session.origin.absoluteExpiresAt)
    expect(refreshToken).toMatch(/^cfr_/)
    expect(sessionToken).toBeNull()
  })

  test('may name an app as azp beside the one audience, as Google’s do', async () => {
    const { stage, replica } = await ready()
    const token = await idToken(stage, { azp: 'the-android-app' })
    expect((await verify(replica, token)).kind).toBe('subject')
  })

  test('may have several audiences that are all named, with an azp that is one of them', async () => {
    const { stage, replica } = await ready()
    const token = await idToken(stage, { aud: ['ios', 'android'], azp: 'android' })
    expect((await verify(replica, token)).kind).toBe('subject')
  })
})

describe('rule 32 exchange: refused is', () => {
  const cases: readonly [string, Record<string, unknown>, Record<string, unknown>][] = [
    ['our own client id as audience', { aud: 'curfew' }, {}],
    ['our own client id among several audiences', { aud: ['ios', 'curfew'], azp: 'ios' }, {}],
    ['our own client id as azp', { azp: 'curfew' }, {}],
    ['an audience that nobody named', { aud: 'somebody' }, {}],
    ['one audience among several that nobody named', { aud: ['ios', 'x'], azp: 'ios' }, {}],
    ['several audiences without azp', { aud: ['ios', 'android'] }, {}],
    ['no audience', { aud: undefined }, {}],
    ['an audience that is no text', { aud: [7] }, {}],
    ['an empty list of audiences', { aud: [] }, {}],
    ['one issued six minutes ago', { iat: seconds(-360) }, {}],
    ['one issued in the future', { iat: seconds(120) }, {}],
    ['one without iat', { iat: undefined }, {}],
    ['one without exp', { exp: undefined }, {}],
    ['one that has expired', { exp: seconds(-1) }, {}],
    ['one that is not valid yet', { nbf: seconds(300) }, {}],
    ['one without sub', { sub: undefined }, {}],
    ['one with an empty sub', { sub: '' }, {}],
    ['another issuer', { iss: 'https://mallory.example.com' }, {}],
    ['an access token', {}, { typ: 'at+jwt' }],
    ['a logout token', {}, { typ: 'logout+jwt' }],
    ['an announcement of a logout', { events: {} }, {}],
    ['what has a scope', { scope: 'openid' }, {}],
    ['what is bound to a key', { cnf: { jkt: 'x' } }, {}],
    ['an access token by its own claim', { typ: 'Bearer' }, {}],
    ['an access token of Cognito', { token_use: 'access' }, {}],
    ['a key that the provider does not have', {}, { kid: 'k2' }],
  ]
  test.each(cases)('%s', async (_what, claims, header) => {
    const { stage, replica } = await ready()
    expect((await verify(replica, await idToken(stage, claims, header))).kind).toBe('invalid')
  })

  test('an algorithm that is none, symmetric, or not the provider’s', async () => {
    const { stage, replica } = await ready()
    const [, payload] = (await idToken(stage)).split('.')
    for (const alg of ['none', 'HS256', 'ES384']) {
      const header = Buffer.from(JSON.stringify({ alg, kid: 'k1' })).toString('base64url')
      expect((await verify(replica, `${header}.${payload}.c2ln`)).kind).toBe('invalid')
    }
    expect((await verify(replica, '')).kind).toBe('invalid')
    expect((await verify(replica, `${'x'.repeat(20_000)}.a.b`)).kind).toBe('invalid')
  })

  test('our own token, without a question to anybody', async () => {
    const { stage, replica } = await ready()
    const { accessToken, refreshToken } = await issued(replica, await idToken(stage))
    const asked = { ...stage.provider.counts }
    const { privateKey } = await generateKeyPair('ES256')
    const forged = await new SignJWT({ iss: publicUrl, sub: 'alice', aud: 'ios' })
      .setProtectedHeader({ alg: 'ES256' })
      .sign(privateKey)
    for (const own of [accessToken, refreshToken ?? '', forged, 'cfs_x']) {
      expect((await verify(replica, own)).kind).toBe('invalid')
    }
    expect(stage.provider.counts).toEqual(asked)
  })

  test('our own token, also where our issuer is configured as a provider', async () => {
    const { stage, replica } = await ready()
    const token = await idToken(stage)
    for (const own of [stage.provider.issuer, `${stage.provider.issuer}/`]) {
      expect((await verify(replica, token, own)).kind).toBe('invalid')
    }
  })

  test('the client id that we have at the issuer as another of our providers', async () => {
    const { stage, replica } = await ready()
    const second = { ...stage.settings, id: 'second', clientId: 'android', exchangeAudiences: [] }
    const { clock } = replica.rooms
    const settings = [stage.settings, second]
    const providers = new Providers({ settings, proxyEnv: {}, clock })
    const token = await idToken(stage, { aud: 'android' })
    const verdict = await verifySubjectToken({ providers, clock, ownIssuer: publicUrl }, token)
    expect(verdict).toEqual({ kind: 'invalid', why: 'it was made for Curfew itself' })
  })

  test('a provider without exchangeAudiences, which is not asked', async () => {
    const { stage, replica } = await ready({ exchangeAudiences: [] })
    expect((await verify(replica, await idToken(stage))).kind).toBe('invalid')
    expect(stage.provider.counts).toMatchObject({ discovery: 0, keys: 0 })
  })

  test('who is not on the allow list, and who only says that an address is theirs', async () => {
    const allow = { domains: ['example.com'], users: [], roles: [], claims: {} }
    const { stage, replica } = await ready({ allow })
    const email = 'alice@example.com'
    expect((await verify(replica, await idToken(stage, { email }))).kind).toBe('invalid')
    const vouched = await idToken(stage, { email, email_verified: true })
    expect((await verify(replica, vouched)).kind).toBe('subject')
  })

  test('what does not tell all that the uid is made of', async () => {
    const { stage, replica } = await ready({ uid: '{{ idp }}:{{ tenant }}:{{ sub }}' })
    expect((await verify(replica, await idToken(stage))).kind).toBe('invalid')
    expect((await verify(replica, await idToken(stage, { tenant: 't' }))).kind).toBe('subject')
  })

  test('nobody while the provider’s keys cannot be read', async () => {
    const { stage, replica } = await ready()
    stage.provider.keysStatus = 503
    expect((await verify(replica, await idToken(stage))).kind).toBe('unavailable')
  })
})

describe('rule 32 exchange: a token is used', () => {
  test('once, also with another signature over the same text', async () => {
    const { stage, replica } = await ready()
    const token = await idToken(stage)
    await issued(replica, token)
    expect(await exchange(replica, token)).toEqual({ kind: 'token-used' })
    expect(await exchange(replica, resigned(token))).toEqual({ kind: 'token-used' })
  })

  test('once by any number of callers at two replicas', async () => {
    const { url } = await freshDatabase()
    const stage = await openStage(url, { exchangeAudiences })
    const replicas = await Promise.all([stage.replica(), stage.replica()])
    const token = await idToken(stage)
    const callers = Array.from({ length: 8 }, (_, index) => replicas[index % 2])
    const answers = await Promise.all(
      callers.map((replica) => replica && exchange(replica, token).then(({ kind }) => kind)),
    )
    expect(answers.toSorted()).toEqual(['issued', ...Array(7).fill('token-used')])
  })

  test('until it would be too old anyway, and is remembered for so long', async () => {
    const { stage, replica } = await ready()
    const token = await idToken(stage)
    const verdict = await verify(replica, token)
    if (verdict.kind !== 'subject') throw new Error(verdict.kind)
    expect(verdict.rememberUntil).toBeGreaterThanOrEqual(Date.now() + 300_000)
    stage.advance(301_000)
    expect((await verify(replica, token)).kind).toBe('invalid')
  })
})

/** The other signature of ECDSA, (r, n - s), which needs no key. */
function resigned(token: string): string {
  const at = token.lastIndexOf('.') + 1
  const signature = Buffer.from(token.slice(at), 'base64url')
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  const s = order - BigInt(`0x${signature.subarray(32).toString('hex')}`)
  const other = Buffer.from(s.toString(16).padStart(64, '0'), 'hex')
  return (
    token.slice(0, at) + Buffer.concat([signature.subarray(0, 32), other]).toString('base64url')
  )
}

describe('ends and exchange', () => {
  test('rule 32 exchange: a user-wide end after the fence was captured refuses the start', async () => {
    const { stage, replica } = await ready()
    const fence = await replica.store.fence()
    const { uid } = (await issued(replica, await idToken(stage))).session.origin
    const whole = { reason: 'user_logout_all' as never, by: uid, except: null, requireLive: null }
    await replica.store.endUser({ uid, ...whole, disable: false })
    expect(await exchange(replica, await idToken(stage, { jti: '2' }), { fence })).toEqual({
      kind: 'fence-moved',
    })
    expect((await exchange(replica, await idToken(stage, { jti: '3' }))).kind).toBe('issued')
    await replica.store.endUser({ uid, ...whole, disable: true })
    expect(await exchange(replica, await idToken(stage, { jti: '4' }))).toEqual({
      kind: 'user-disabled',
    })
  })

  test('the provider’s logout finds the session by sid and by subject, and refuses a later start', async () => {
    const { stage, replica } = await ready()
    const { issuer } = stage.provider
    const one = await issued(replica, await idToken(stage, { sid: 'one' }))
    const two = await issued(replica, await idToken(stage, { sid: 'two' }))
    const announcement = { id: 'a', expiresAt: instant(Date.now() + 60_000) }
    const bySid = { issuer, providerSid: 'one', announcement }
    expect(await endByProviderSid(replica.rooms, replica.store, bySid)).toMatchObject({
      ended: [{ sid: one.session.origin.sid }],
    })
    expect(await exchange(replica, await idToken(stage, { sid: 'one', jti: '2' }))).toEqual({
      kind: 'provider-logged-out',
    })
    const bySubject = { issuer, subject: 'alice', createdUntil: instant(Date.now() + 1000) }
    const all = await endBySubject(replica.rooms, replica.store, {
      ...bySubject,
      announcement: { ...announcement, id: 'b' },
    })
    expect(all).toMatchObject({ ended: [{ sid: two.session.origin.sid }] })
  })
})
