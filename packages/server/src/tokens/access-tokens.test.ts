import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import type { AccessClaims, AccessTokens } from '#authority'
import { createAccessTokens } from './access-tokens.ts'
import { encodeJson } from './compact-jws.ts'
import { createSealer } from './seal.ts'
import type { SigningAlgorithm } from './signing-key.ts'
import { SigningKeys, type UsableSigningKey } from './signing-keys.ts'
import { activeRing, HandClock, MemoryKeyStore, sid, start } from './testing.ts'

const issuer = 'https://auth.example.com'
const seconds = start / 1000
const claims: AccessClaims = {
  iss: issuer,
  sub: 'main:8f3c',
  aud: [issuer, 'https://api.example.com'],
  exp: seconds + 300,
  iat: seconds,
  nbf: seconds,
  jti: 'a',
  sid,
  client_id: 'mobile',
  roles: ['pilot'],
  device: 'app',
  scope: 'openid',
  auth_time: seconds,
}

interface Replica {
  readonly clock: HandClock
  readonly store: MemoryKeyStore
  readonly keys: SigningKeys
  readonly tokens: AccessTokens
  readonly unknown: string[]
}

async function replica(algorithm: SigningAlgorithm = 'ES256'): Promise<Replica> {
  const clock = new HandClock()
  const store = new MemoryKeyStore(clock)
  const ring = activeRing(1)
  const alarm = (): never => expect.unreachable()
  const keys = new SigningKeys({ store, ring, sealer: createSealer(ring, clock), alarm })
  await keys.ensure(algorithm)
  const unknown: string[] = []
  const onUnknownKey = (kid: string): void => {
    unknown.push(kid)
  }
  const tokens = createAccessTokens({ issuer, keys, clock, onUnknownKey })
  return { clock, store, keys, tokens, unknown }
}

let shared: Replica
let key: UsableSigningKey
beforeAll(async () => {
  shared = await replica()
  key = shared.keys.current(start)
})

/** Signs anything with the genuine key, as a faulty or hostile issuer would. */
function signed(header: object, payload: unknown): string {
  const input = `${encodeJson(header)}.${encodeJson(payload)}`
  const made = sign('sha256', Buffer.from(input), {
    key: key.privateKey,
    dsaEncoding: 'ieee-p1363',
  })
  return `${input}.${made.toString('base64url')}`
}

function header(): Record<string, unknown> {
  return { alg: 'ES256', typ: 'at+jwt', kid: key.kid }
}

describe.each(['ES256', 'EdDSA', 'RS256'] as const)('%s', (algorithm) => {
  test('what is signed verifies here, and for anybody with the published keys', async () => {
    const { keys, tokens } = await replica(algorithm)
    const token = tokens.sign(claims, tokens.currentKid())
    expect(tokens.verify(token)).toEqual({ kind: 'valid', claims, sid })
    expect(tokens.verify(token)).toEqual({ kind: 'valid', claims, sid })
    const jwks = createLocalJWKSet({ keys: keys.jwks().keys.map((jwk) => ({ kty: '', ...jwk })) })
    const { protectedHeader } = await jwtVerify(token, jwks, {
      issuer,
      audience: 'https://api.example.com',
      typ: 'at+jwt',
      currentDate: new Date(start),
    })
    expect(protectedHeader).toEqual({ alg: algorithm, typ: 'at+jwt', kid: tokens.currentKid() })
  })

  test('a token with one bit of its bytes flipped is refused', async () => {
    const { tokens } = await replica(algorithm)
    const token = tokens.sign(claims, tokens.currentKid())
    expect(tokens.verify(token).kind).toBe('valid')
    const partsOf = token.split('.').map((part) => Buffer.from(part, 'base64url'))
    const bit = fc.nat({ max: partsOf.reduce((sum, part) => sum + part.length, 0) * 8 - 1 })
    fc.assert(
      fc.property(bit, (at) => {
        let rest = at
        const flipped = partsOf.map((part) => {
          const bytes = Buffer.from(part)
          if (rest >= 0 && rest < part.length * 8) {
            bytes[rest >> 3] = (bytes[rest >> 3] ?? 0) ^ (1 << (rest & 7))
          }
          rest -= part.length * 8
          return bytes.toString('base64url')
        })
        expect(tokens.verify(flipped.join('.')).kind).toBe('invalid')
      }),
      { numRuns: 300 },
    )
  })
})

test('a token is signed by the key that the row names, or by the current one when that is gone', async () => {
  const { clock, keys, tokens } = await replica()
  const old = tokens.currentKid()
  clock.pass(1)
  const next = await keys.rotate({ now: true })
  const kidOf = (token: string): unknown =>
    JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid
  expect(tokens.currentKid()).toBe(next)
  expect(kidOf(tokens.sign(claims, old))).toBe(old)
  expect(kidOf(tokens.sign(claims, 'gone'))).toBe(next)
})

describe('forgeries', () => {
  test.each([
    ['alg none', { alg: 'none' }],
    ['another algorithm than the key has', { alg: 'RS256' }],
    ['an algorithm that is a member of every object', { alg: '__proto__' }],
    ['no algorithm', { alg: undefined }],
    ['a kid that nobody knows', { kid: 'unknown' }],
    ['no kid', { kid: undefined }],
    ['a kid that is no text', { kid: ['a'] }],
    ['a key of its own', { kid: 'x', jwk: { kty: 'EC' } }],
  ])('scenario T01: %s is bad_signature', (_what, change) => {
    const token = signed({ ...header(), ...change }, claims)
    expect(shared.tokens.verify(token)).toEqual({ kind: 'invalid', why: 'bad_signature' })
  })

  test.each([
    ['scenario M02: typ JWT, such as an ID token has', { typ: 'JWT' }],
    ['no typ', { typ: undefined }],
    ['a typ that only ends like ours', { typ: 'x/at+jwt' }],
    ['a critical extension', { crit: ['b64'], b64: false }],
    ['an empty list of critical extensions', { crit: [] }],
  ])('%s is malformed', (_what, change) => {
    const token = signed({ ...header(), ...change }, claims)
    expect(shared.tokens.verify(token)).toEqual({ kind: 'invalid', why: 'malformed' })
  })

  test.each(['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/AT+jwt'])(
    'typ %s is an access token (RFC 7515, section 4.1.9)',
    (typ) => {
      const token = signed({ ...header(), typ }, claims)
      expect(shared.tokens.verify(token).kind).toBe('valid')
    },
  )

  test('scenario T01: an HMAC made with the public key is bad_signature', () => {
    const pem = key.publicKey.export({ type: 'spki', format: 'pem' })
    for (const alg of ['HS256', 'ES256']) {
      const input = `${encodeJson({ ...header(), alg })}.${encodeJson(claims)}`
      const mac = createHmac('sha256', pem).update(input).digest('base64url')
      const verdict = shared.tokens.verify(`${input}.${mac}`)
      expect(verdict).toEqual({ kind: 'invalid', why: 'bad_signature' })
    }
  })

  test('a signature by another key, a DER one, an empty one and zeros are bad_signature', () => {
    const input = `${encodeJson(header())}.${encodeJson(claims)}`
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
    const made = [
      sign('sha256', Buffer.from(input), { key: other, dsaEncoding: 'ieee-p1363' }),
      sign('sha256', Buffer.from(input), key.privateKey),
      Buffer.alloc(0),
      Buffer.alloc(64),
    ]
    for (const bytes of made) {
      const verdict = shared.tokens.verify(`${input}.${bytes.toString('base64url')}`)
      expect(verdict).toEqual({ kind: 'invalid', why: 'bad_signature' })
    }
    expect(createPublicKey(other).asymmetricKeyType).toBe('ec')
  })

  test('scenario T03: another payload under a signature that was verified before is refused', () => {
    const token = signed(header(), { ...claims, jti: 'cached' })
    expect(shared.tokens.verify(token).kind).toBe('valid')
    const [head, , signature] = token.split('.')
    const admin = encodeJson({ ...claims, jti: 'cached', roles: ['admin'] })
    const verdict = shared.tokens.verify(`${head}.${admin}.${signature}`)
    expect(verdict).toEqual({ kind: 'invalid', why: 'bad_signature' })
    expect(shared.tokens.verify(token).kind).toBe('valid')
  })

  test('every other spelling of the same token is malformed', () => {
    const token = signed(header(), claims)
    const spellings = [
      `${token}=`,
      ` ${token}`,
      `${token}\n`,
      `${token}.`,
      `.${token}`,
      `${token}.e30`,
    ]
    const padded = token.replaceAll('.', '=.')
    // An ES256 signature leaves four bits of its last character unused.
    const last = token.at(-1) ?? ''
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const stray = token.slice(0, -1) + alphabet.charAt(alphabet.indexOf(last) + 1)
    for (const spelling of [...spellings, padded, stray]) {
      expect(shared.tokens.verify(spelling)).toEqual({ kind: 'invalid', why: 'malformed' })
    }
  })

  test('any text whatsoever is malformed and never throws', () => {
    const text = fc.string({ maxLength: 60, unit: 'binary' })
    fc.assert(
      fc.property(
        fc.oneof(
          text,
          fc.array(text).map((parts) => parts.join('.')),
        ),
        (garbage) => {
          expect(shared.tokens.verify(garbage)).toEqual({ kind: 'invalid', why: 'malformed' })
        },
      ),
    )
    const long = signed(header(), { ...claims, padding: 'x'.repeat(20_000) })
    expect(shared.tokens.verify(long)).toEqual({ kind: 'invalid', why: 'malformed' })
  })

  test('a key that is not known is reported, so that the keys are loaded', async () => {
    const { tokens, unknown } = await replica()
    tokens.verify(signed({ ...header(), kid: 'new' }, claims))
    expect(unknown).toEqual(['new'])
  })
})

describe('claims', () => {
  test.each(['', `${issuer}/`, 'https://other.example.com'])('issuer %j is wrong', (iss) => {
    const verdict = shared.tokens.verify(signed(header(), { ...claims, iss }))
    expect(verdict).toEqual({ kind: 'invalid', why: iss === '' ? 'malformed' : 'wrong_issuer' })
  })

  test.each([[[]], [['https://app.example.com']], [[`${issuer}/`]]])(
    'rule 15 audience: scenario M03: %j is not good at our own endpoints',
    (aud) => {
      const verdict = shared.tokens.verify(signed(header(), { ...claims, aud }))
      expect(verdict).toEqual({ kind: 'invalid', why: 'wrong_audience' })
    },
  )

  const required = Object.keys(claims)
  test.each(required)(
    'scenario T03: without %s it is malformed, and with one of another type',
    (name) => {
      for (const value of [undefined, null, {}, -1, true]) {
        const verdict = shared.tokens.verify(signed(header(), { ...claims, [name]: value }))
        expect(verdict).toEqual({ kind: 'invalid', why: 'malformed' })
      }
    },
  )

  test.each([
    ['a sid that is no UUIDv7', { sid: '3f1c2b6e-0000-4abc-8def-0123456789ab' }],
    ['a sid in capitals', { sid: sid.toUpperCase() }],
    ['an expiry as text', { exp: String(claims.exp) }],
    ['a fraction of a second', { exp: claims.exp + 0.5 }],
    ['an audience that is no list', { aud: issuer }],
    ['roles that are no texts', { roles: [1] }],
  ])('%s is malformed', (_what, change) => {
    const verdict = shared.tokens.verify(signed(header(), { ...claims, ...change }))
    expect(verdict).toEqual({ kind: 'invalid', why: 'malformed' })
  })

  test('a payload that is no object is malformed', () => {
    for (const payload of [[], 'text', 1, null]) {
      const verdict = shared.tokens.verify(signed(header(), payload))
      expect(verdict).toEqual({ kind: 'invalid', why: 'malformed' })
    }
  })
})

describe('times', () => {
  test('rule 39 leeway: scenario T04: it expires to the millisecond, also when it was verified before', async () => {
    const { clock, tokens } = await replica()
    const token = tokens.sign(claims, tokens.currentKid())
    clock.pass(299_999)
    expect(tokens.verify(token).kind).toBe('valid')
    clock.pass(1)
    expect(tokens.verify(token)).toEqual({ kind: 'invalid', why: 'expired' })
  })

  test.each(['nbf', 'iat'])(
    'rule 39 leeway: scenario T04: %s may be a minute ahead and no more',
    (name) => {
      const minute = signed(header(), { ...claims, [name]: seconds + 60 })
      const more = signed(header(), { ...claims, [name]: seconds + 61 })
      expect(shared.tokens.verify(minute).kind).toBe('valid')
      expect(shared.tokens.verify(more)).toEqual({ kind: 'invalid', why: 'not_yet_valid' })
    },
  )

  test('a token that was verified is refused once its key is dropped', async () => {
    const { store, keys, tokens } = await replica()
    const token = tokens.sign(claims, tokens.currentKid())
    expect(tokens.verify(token).kind).toBe('valid')
    store.keys = []
    await keys.load()
    expect(tokens.verify(token)).toEqual({ kind: 'invalid', why: 'bad_signature' })
  })
})
