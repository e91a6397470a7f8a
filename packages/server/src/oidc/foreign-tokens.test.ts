import { createHmac, createPublicKey } from 'node:crypto'
import { CompactEncrypt, exportSPKI, type JWK } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  audience,
  type Claims,
  sameKeyAs,
  signTexts,
  start,
  startForeignIssuer,
  startSeconds,
  TestClock,
  type TestIssuer,
  type TestKey,
  testKey,
} from '#test/oidc/foreign-issuer.ts'
import { type ForeignIssuer, ForeignTokens, type ForeignVerdict } from './foreign-tokens.ts'

let key: TestKey
let other: TestKey
let rsa: TestKey
beforeAll(async () => {
  key = await testKey('ES256', 'k1')
  other = await testKey('ES256', 'k2')
  rsa = await testKey('RS256', 'r1')
})

interface Stage {
  readonly issuer: TestIssuer
  readonly clock: TestClock
  readonly tokens: ForeignTokens
  readonly rule: readonly ForeignIssuer[]
  verify(claims?: Claims, header?: Claims): Promise<ForeignVerdict>
  present(token: string, rule?: readonly ForeignIssuer[]): Promise<ForeignVerdict>
}

async function stage(): Promise<Stage> {
  const issuer = await startForeignIssuer()
  issuer.keys = [key.jwk]
  const clock = new TestClock()
  const tokens = new ForeignTokens({ proxyEnv: {}, clock })
  const rule = [{ issuer: issuer.issuer, audience: [audience] }]
  const present = (token: string, at = rule) => tokens.verify(token, at)
  const verify = async (claims: Claims = {}, header: Claims = {}) =>
    present(await issuer.sign(key, claims, header))
  return { issuer, clock, tokens, rule, verify, present }
}

function refusal(verdict: ForeignVerdict): string {
  return verdict.kind === 'invalid' ? verdict.why : verdict.kind
}

async function valid(asking: Promise<ForeignVerdict>) {
  const verdict = await asking
  if (verdict.kind !== 'valid') throw new Error(refusal(verdict))
  return verdict
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** The payload of a good token, to be put under other signatures. */
async function payloadOf(issuer: TestIssuer): Promise<string> {
  return (await issuer.sign(key)).split('.')[1] ?? ''
}

describe('who it is', () => {
  test('a good token is a person by issuer and subject, with what it says', async () => {
    const { issuer, verify } = await stage()
    const verdict = await verify({
      roles: ['pilot'],
      auth_time: startSeconds - 60,
      acr: 'gold',
      scope: 'fly land',
      client_id: 'robots',
      tenant: 'x',
    })
    expect(verdict).toEqual({
      kind: 'valid',
      uid: `${issuer.issuer}|robot-7`,
      roles: ['pilot'],
      claims: {
        sub: 'robot-7',
        roles: ['pilot'],
        tenant: 'x',
        scope: 'fly land',
        client_id: 'robots',
      },
      authTime: startSeconds - 60,
      acr: 'gold',
      expiresAt: start + 300_000,
    })
  })

  test('rule 17 roles: reserved ones are dropped, one text is one role, odd ones are none', async () => {
    const { verify } = await stage()
    const rolesOf = async (roles: unknown) => (await valid(verify({ roles }))).roles
    expect(await rolesOf(['admin', 'issuer', 'service', 'pilot'])).toEqual(['pilot'])
    expect(await rolesOf('pilot')).toEqual(['pilot'])
    expect(await rolesOf('admin')).toEqual([])
    expect(await rolesOf(['pilot,admin', 'a\nb', '', 7, null, ['ops'], { a: 1 }])).toEqual([])
    expect(await rolesOf({ pilot: true })).toEqual([])
    expect(await rolesOf(undefined)).toEqual([])
  })

  test('scenario M07: a subject with control, bidi characters or a comma is refused', async () => {
    const { verify } = await stage()
    const odd = [
      'a\nb',
      'a\u0000',
      '\u202Ebob',
      'bob\u2066',
      'a\u200Bb',
      'a,b',
      'a\u2028b',
      'a\uD800',
    ]
    for (const sub of [...odd, ' bob', 'bob ', '', ' ', 'x'.repeat(300), '\u00A0', 'a\tb']) {
      expect(refusal(await verify({ sub })), JSON.stringify(sub)).toContain('make no uid')
    }
    for (const sub of [7, null, ['bob'], { bob: 1 }, undefined]) {
      expect(refusal(await verify({ sub })), JSON.stringify(sub)).toContain('make no uid')
    }
    for (const sub of ['bob', 'auth0|5f', 'Żółć', 'client:x', 'a b', 'admin']) {
      expect((await verify({ sub })).kind, sub).toBe('valid')
    }
  })

  test('an issuer with a | is refused: it could speak for another one', async () => {
    const { issuer, present } = await stage()
    const iss = `${issuer.issuer}|bob`
    const token = await issuer.sign(key, { iss, sub: 'x' })
    const verdict = await present(token, [{ issuer: iss, audience: [audience] }])
    expect(refusal(verdict)).toContain('make no uid')
    expect(issuer.asked).toEqual([])
  })

  test('an e-mail address that the issuer does not vouch for is left out', async () => {
    const { verify } = await stage()
    const email = 'alice@example.com'
    const claimsOf = async (claims: Claims) => (await valid(verify(claims))).claims
    expect(await claimsOf({ email })).not.toHaveProperty('email')
    expect(await claimsOf({ email, email_verified: false })).not.toHaveProperty('email')
    const twice = `${email},eve@example.com`
    expect(await claimsOf({ email: twice, email_verified: true })).not.toHaveProperty('email')
    expect(await claimsOf({ email, email_verified: true })).toMatchObject({ email })
  })

  test('an authentication after the token, or at no time, is none', async () => {
    const { verify } = await stage()
    for (const auth_time of [startSeconds + 61, 1e300, -1, '5', null]) {
      expect((await valid(verify({ auth_time }))).authTime).toBeNull()
    }
    expect((await valid(verify({ auth_time: startSeconds - 0.5 }))).authTime).toBe(startSeconds - 1)
    expect((await valid(verify({ acr: ['gold'] }))).acr).toBeNull()
  })
})

describe('signatures', () => {
  test('scenario T01: none, HMAC with the public key, and unknown algorithms are refused', async () => {
    const { issuer, present } = await stage()
    issuer.keys = [key.jwk, rsa.jwk, { kty: 'oct', k: 'c2VjcmV0', kid: 'h1' }]
    const payload = await payloadOf(issuer)
    const spki = await exportSPKI(createPublicKey(rsa.privateKey) as never)
    const secrets = [spki, JSON.stringify(key.jwk), Buffer.from('secret'), '']
    for (const secret of secrets) {
      for (const kid of ['k1', 'r1', 'h1', undefined]) {
        const input = `${part({ alg: 'HS256', typ: 'at+jwt', kid })}.${payload}`
        const mac = createHmac('sha256', secret).update(input).digest('base64url')
        expect(refusal(await present(`${input}.${mac}`))).toContain('alg')
      }
    }
    for (const alg of ['none', 'None', 'NONE', '', 'HS512', 'ES256K', 'RS1', 'toString', 7, null]) {
      for (const signature of ['', 'AAAA']) {
        const verdict = await present(`${part({ alg, kid: 'k1' })}.${payload}.${signature}`)
        expect(refusal(verdict), String(alg)).toMatch(/alg|no JWT/)
      }
    }
  })

  test('scenario T02: every asymmetric algorithm is accepted', async () => {
    const { issuer, present } = await stage()
    const ofRsa = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
    const others = await Promise.all(
      ['ES384', 'ES512', 'EdDSA', 'Ed25519'].map((alg) => testKey(alg, alg)),
    )
    const keys = [key, ...ofRsa.map((alg) => sameKeyAs(rsa, alg, alg)), ...others]
    issuer.keys = keys.map(({ jwk }) => jwk)
    for (const one of keys) {
      expect(refusal(await present(await issuer.sign(one))), one.alg).toBe('valid')
    }
  })

  test('scenario T03: a token that is changed, cut or not of three parts is refused', async () => {
    const { issuer, present } = await stage()
    const token = await issuer.sign(key)
    const [header = '', , signature = ''] = token.split('.')
    const admin = part({
      iss: issuer.issuer,
      aud: audience,
      sub: 'eve',
      exp: 9e9,
      iat: startSeconds,
    })
    expect(refusal(await present(`${header}.${admin}.${signature}`))).toContain('no key')
    const another = (await issuer.sign(key, { sub: 'eve' })).split('.')[2]
    expect(refusal(await present(token.replace(signature, another ?? '')))).toContain('no key')
    expect(refusal(await present(`${token.slice(0, -8)}AAAAAAAA`))).toContain('no key')
    const payload = token.split('.')[1]
    const cut = ['', '.', '..', `${header}..${signature}`, `.${payload}.${signature}`, 'a.b.c']
    for (const text of [...cut, `${token}.x`, `${header}.${payload}`, 'x'.repeat(20_000)]) {
      expect(refusal(await present(text)), text.slice(0, 40)).toContain('no JWT')
    }
    const long = await issuer.sign(key, { padding: 'x'.repeat(12_400) })
    expect(long.length).toBeGreaterThan(16_384)
    expect(refusal(await present(long))).toContain('no JWT')
    expect(refusal(await present(`${header}.${payload}.`))).toContain('no key')
    expect(refusal(await present(`${header}.${part(['x'])}.${signature}`))).toContain('no JWT')
    expect(refusal(await present(`${part('x')}.${payload}.${signature}`))).toContain('no JWT')
  })

  test('a key of another issuer, of another kind, or that comes with the token is no key', async () => {
    const { issuer, present } = await stage()
    const sign = (by: TestKey, header: Claims) => issuer.sign(by, {}, header)
    const own = { jwk: other.jwk, jku: `${issuer.issuer}/jwks`, x5u: `${issuer.issuer}/x5u` }
    expect(refusal(await present(await sign(other, { kid: 'k1' })))).toContain('no key')
    expect(refusal(await present(await sign(other, { kid: 'k1', ...own })))).toContain('no key')
    expect(refusal(await present(await sign(rsa, { kid: 'k1' })))).toContain('no key')
    for (const kid of [7, null, ['k1'], {}]) {
      expect(refusal(await present(await sign(key, { kid })))).toContain('kid')
    }
    expect(issuer.asked.filter((path) => path !== '/jwks')).toHaveLength(1)
  })

  test('a published key that may not verify verifies nothing', async () => {
    for (const change of [
      { use: 'enc' },
      { key_ops: ['sign'] },
      { alg: 'ES384' },
      { crv: 'P-384' },
    ]) {
      const { issuer, present } = await stage()
      issuer.keys = [{ ...key.jwk, ...change }, other.jwk]
      expect(refusal(await present(await issuer.sign(key))), JSON.stringify(change)).toContain(
        'no key',
      )
    }
    const { issuer, present } = await stage()
    const secret = key.privateKey.export({ format: 'jwk' }) as JWK
    const weak = { kty: 'RSA', kid: 'weak', n: 'AQAB', e: 'AQAB' }
    issuer.keys = [{ ...secret, kid: 'k1' }, weak, null, 'x', 7, other.jwk]
    expect(refusal(await present(await issuer.sign(key)))).toContain('no key')
    expect(refusal(await present(await issuer.sign(other)))).toBe('valid')
  })

  test('a token without kid is tried with every key that fits; one with kid with that key alone', async () => {
    const { issuer, present } = await stage()
    const unfit = Array.from({ length: 10 }, (_, kid) => [
      { ...rsa.jwk, kid: `r${kid}`, alg: undefined },
      { ...other.jwk, kid: `e${kid}`, alg: 'ES384' },
    ])
    issuer.keys = [...unfit.flat(), { ...other.jwk, kid: undefined }, key.jwk]
    expect(refusal(await present(await issuer.sign(key, {}, { kid: 'e1' })))).toContain('no key')
    expect(refusal(await present(await issuer.sign(key, {}, { kid: undefined })))).toBe('valid')
    const crowded = await stage()
    const fit = Array.from({ length: 10 }, (_, kid) => ({ ...other.jwk, kid: `o${kid}` }))
    crowded.issuer.keys = [...fit, key.jwk]
    expect(refusal(await crowded.verify())).toBe('valid')
    const stranger = await testKey('ES256', 'k9')
    const forged = await issuer.sign(stranger, {}, { kid: undefined })
    expect(refusal(await present(forged))).toContain('no key')
  })

  test('an encrypted token, and one with a critical extension, are refused', async () => {
    const { issuer, present } = await stage()
    const jwe = await new CompactEncrypt(Buffer.from(await issuer.sign(key)))
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' })
      .encrypt(createPublicKey(rsa.privateKey))
    expect(refusal(await present(jwe))).toContain('no JWT')
    const payload = Buffer.from(await payloadOf(issuer), 'base64url').toString()
    const header = { alg: 'ES256', kid: 'k1', typ: 'at+jwt' }
    const plain = signTexts(key, JSON.stringify(header), payload)
    expect(refusal(await present(plain))).toBe('valid')
    for (const more of [{ crit: ['b64'], b64: true }, { crit: ['x'], x: 1 }, { crit: [] }]) {
      const token = signTexts(key, JSON.stringify({ ...header, ...more }), payload)
      expect(refusal(await present(token))).toContain('critical')
    }
  })
})

describe('what kind of token it is', () => {
  test('scenario M02: an ID token, a logout token or a proof is no access token', async () => {
    const { issuer, verify } = await stage()
    const wrong = ['logout+jwt', 'dpop+jwt', 'secevent+jwt', 'application/logout+jwt', 'LOGOUT+JWT']
    for (const typ of [
      ...wrong,
      'JWE',
      'kb+jwt',
      'at+jwt ',
      'application/',
      '',
      7,
      null,
      ['jwt'],
    ]) {
      expect(refusal(await verify({}, { typ })), String(typ)).toContain('typ')
    }
    for (const typ of ['JWT', 'jwt', 'at+jwt', 'AT+JWT', 'application/at+jwt', undefined]) {
      expect(refusal(await verify({}, { typ })), String(typ)).toBe('valid')
    }
    const traits = [
      { nonce: 'n' },
      { at_hash: 'x' },
      { c_hash: 'x' },
      { s_hash: 'x' },
      { nonce: null },
    ]
    const kinds = [{ typ: 'ID' }, { typ: 'Refresh' }, { typ: 'Offline' }, { token_use: 'id' }]
    const events = { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }
    for (const claims of [...traits, ...kinds, events]) {
      expect(refusal(await verify(claims)), JSON.stringify(claims)).toMatch(
        /ID token|no access token/,
      )
    }
    for (const claims of [{ typ: 'Bearer' }, { token_use: 'access' }]) {
      expect(refusal(await verify(claims))).toBe('valid')
    }
    expect(issuer.asked.filter((path) => path === '/jwks')).toHaveLength(1)
  })

  test('rule 34 DPoP: a token that is bound to a key is refused, as no proof is checked', async () => {
    const { verify } = await stage()
    for (const cnf of [{ jkt: 'x' }, { 'x5t#S256': 'x' }, { jwk: key.jwk }, {}, null, 'x']) {
      expect(refusal(await verify({ cnf }))).toContain('bound to a key')
    }
  })
})

describe('for whom, and when', () => {
  test('scenario M03: another audience, none, or several without azp are refused', async () => {
    const { verify } = await stage()
    for (const aud of [
      'https://other.example.com',
      ['x'],
      `${audience}/`,
      audience.toUpperCase(),
    ]) {
      expect(refusal(await verify({ aud }))).toContain('audience')
    }
    for (const aud of [undefined, null, [], 7, [audience, 7], { [audience]: true }, [[audience]]]) {
      expect(refusal(await verify({ aud })), JSON.stringify(aud)).toContain('no aud')
    }
    const several = [audience, 'https://other.example.com']
    for (const party of [{}, { azp: '' }, { azp: 7 }, { client_id: null }, { cid: 'robots' }]) {
      expect(refusal(await verify({ aud: several, ...party }))).toContain('azp')
    }
    for (const party of [{ azp: 'robots' }, { client_id: 'robots' }]) {
      expect(refusal(await verify({ aud: several, ...party }))).toBe('valid')
    }
    expect(refusal(await verify({ aud: [audience] }))).toBe('valid')
  })

  test('an issuer that differs in one character is another one, and is never asked', async () => {
    const { issuer, verify } = await stage()
    const names = [`${issuer.issuer}/`, issuer.issuer.toUpperCase(), issuer.issuer.slice(0, -1)]
    for (const iss of [...names, '', undefined, null, 7, [issuer.issuer]]) {
      expect(refusal(await verify({ iss })), String(iss)).toMatch(/issuer is none|make no uid/)
    }
    expect(issuer.asked).toEqual([])
  })

  test('scenario T04: exp has no leeway, nbf and iat have a minute (rule 39)', async () => {
    const { verify, clock } = await stage()
    expect(refusal(await verify({ exp: startSeconds }))).toContain('expired')
    expect(refusal(await verify({ exp: startSeconds - 1 }))).toContain('expired')
    expect(refusal(await verify({ exp: startSeconds + 1 }))).toBe('valid')
    for (const claim of ['nbf', 'iat']) {
      expect(refusal(await verify({ [claim]: startSeconds + 60 }))).toBe('valid')
      expect(refusal(await verify({ [claim]: startSeconds + 60.5 }))).toContain('not valid yet')
      expect(refusal(await verify({ [claim]: startSeconds + 61 }))).toContain('not valid yet')
    }
    clock.pass(700)
    expect(refusal(await verify({ exp: startSeconds + 0.7 }))).toContain('expired')
    expect(refusal(await verify({ exp: startSeconds + 0.8 }))).toBe('valid')
  })

  test('scenario T03: without exp or iat, or with times that are none, it is refused', async () => {
    const { issuer, verify, present } = await stage()
    for (const claim of ['exp', 'iat', 'nbf']) {
      for (const value of ['9999999999', null, true, [startSeconds], {}, 1e300, -1]) {
        expect(refusal(await verify({ [claim]: value })), `${claim} ${value}`).toContain('no time')
      }
    }
    expect(refusal(await verify({ exp: undefined }))).toContain('no time')
    expect(refusal(await verify({ iat: undefined }))).toContain('no time')
    const payload = Buffer.from(await payloadOf(issuer), 'base64url').toString()
    const header = JSON.stringify({ alg: 'ES256', kid: 'k1' })
    const forever = payload.replace(/"exp":\d+/, '"exp":1e999')
    expect(refusal(await present(signTexts(key, header, payload)))).toBe('valid')
    expect(refusal(await present(signTexts(key, header, forever)))).toContain('no time')
  })
})

describe('a token that was verified before', () => {
  test('rule 39 leeway: its expiry is asked at each use', async () => {
    const { issuer, clock, present } = await stage()
    const token = await issuer.sign(key)
    expect(refusal(await present(token))).toBe('valid')
    clock.pass(299_999)
    expect(refusal(await present(token))).toBe('valid')
    clock.pass(1)
    expect(refusal(await present(token))).toContain('expired')
  })

  test('is good only where the rule names its issuer and its audience', async () => {
    const { issuer, rule, present } = await stage()
    const token = await issuer.sign(key)
    expect(refusal(await present(token))).toBe('valid')
    const elsewhere = [{ issuer: issuer.issuer, audience: ['https://other.example.com'] }]
    expect(refusal(await present(token, elsewhere))).toContain('audience')
    const another = [{ issuer: 'https://other.example.com', audience: [audience] }]
    expect(refusal(await present(token, another))).toContain('issuer')
    expect(refusal(await present(token, []))).toContain('issuer')
    expect(refusal(await present(token, [{ issuer: issuer.issuer, audience: [] }]))).toContain(
      'audience',
    )
    expect(refusal(await present(token, [...elsewhere, ...rule]))).toBe('valid')
  })

  test('lends its signature to no other token', async () => {
    const { issuer, present } = await stage()
    const token = await issuer.sign(key)
    expect(refusal(await present(token))).toBe('valid')
    const [header, payload = '', signature] = token.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims
    const swapped = `${header}.${part({ ...claims, sub: 'eve' })}.${signature}`
    expect(refusal(await present(swapped))).toContain('no key')
    expect(await present(token)).toMatchObject({ uid: `${issuer.issuer}|robot-7` })
  })

  test('is dead once its issuer publishes its key no more', async () => {
    const { issuer, clock, present } = await stage()
    const exp = startSeconds + 3600
    const token = await issuer.sign(key, { exp })
    expect(refusal(await present(token))).toBe('valid')
    issuer.keys = [other.jwk]
    clock.pass(300_000)
    // Waits for the reading that has been due since now.
    expect(refusal(await present(await issuer.sign(other, { exp })))).toBe('valid')
    expect(refusal(await present(token))).toContain('no key')
  })

  test('is dead when the key under its kid is another one', async () => {
    const { issuer, clock, present } = await stage()
    const exp = startSeconds + 3600
    const token = await issuer.sign(key, { exp })
    expect(refusal(await present(token))).toBe('valid')
    issuer.keys = [{ ...other.jwk, kid: 'k1' }]
    clock.pass(600_000)
    expect(refusal(await present(token))).toContain('no key')
  })

  test('asks nobody for keys when its issuer has left the configuration', async () => {
    const { issuer, clock, present } = await stage()
    const token = await issuer.sign(key, { exp: startSeconds + 3600 })
    expect(refusal(await present(token))).toBe('valid')
    const before = issuer.asked.length
    clock.pass(900_000)
    expect(refusal(await present(token, []))).toContain('issuer')
    expect(issuer.asked).toHaveLength(before)
  })
})
