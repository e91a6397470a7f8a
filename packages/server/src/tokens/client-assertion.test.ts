import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import type { ClientId } from '#domain'
import {
  type AssertionVerdict,
  type ClientKeys,
  claimedClient,
  createClientAssertions,
} from './client-assertion.ts'
import { HandClock, start } from './testing.ts'

const issuer = 'https://auth.example.com'
const tokenEndpoint = `${issuer}/oauth/token`
const uri = 'https://client.example.com/jwks.json'
const backend = 'backend' as ClientId
const seconds = start / 1000

interface Pair {
  readonly jwk: JWK
  readonly sign: (claims?: object, header?: object) => Promise<string>
}

async function pair(kid: string): Promise<Pair> {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' }
  const base = { iss: backend, sub: backend, aud: issuer, exp: seconds + 60, jti: 'one' }
  const sign = (claims: object = {}, header: object = {}): Promise<string> =>
    new SignJWT({ ...base, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid, ...header })
      .sign(privateKey)
  return { jwk, sign }
}

let own: Pair
let other: Pair
let keys: ClientKeys
beforeAll(async () => {
  own = await pair('own')
  other = await pair('other')
  keys = { kind: 'jwks', jwks: { keys: [own.jwk] } }
})

function verify(assertion: string): Promise<AssertionVerdict> {
  const audiences = [issuer, tokenEndpoint]
  const fetch = () => Promise.reject(new Error('nobody is asked for keys that are given'))
  const assertions = createClientAssertions({ audiences, clock: new HandClock(), fetch })
  return assertions.verify(backend, keys, assertion)
}

test('rule 18 clients: a client proves itself by a key, and the jti is told for the replay check', async () => {
  expect(await verify(await own.sign())).toEqual({
    kind: 'accepted',
    jti: 'one',
    expiresAt: start + 120_000,
  })
})

test.each([issuer, tokenEndpoint])('the audience %s is ours', async (aud) => {
  expect((await verify(await own.sign({ aud: [aud] }))).kind).toBe('accepted')
})

test.each([
  ['another issuer', { iss: 'mallory' }, 'wrong_issuer'],
  ['another subject', { sub: 'mallory' }, 'wrong_issuer'],
  ['another audience', { aud: 'https://other.example.com' }, 'wrong_audience'],
  ['an audience besides ours', { aud: [issuer, 'https://other.example.com'] }, 'wrong_audience'],
  ['an empty audience', { aud: [] }, 'wrong_audience'],
  ['an expiry that has come', { exp: seconds }, 'expired'],
  ['an expiry long past', { exp: seconds - 3600 }, 'expired'],
  ['an expiry more than five minutes ahead', { exp: seconds + 361 }, 'lives_too_long'],
  ['an iat in the future', { iat: seconds + 120 }, 'not_yet_valid'],
  ['an nbf in the future', { nbf: seconds + 120 }, 'not_yet_valid'],
  ['no expiry', { exp: undefined }, 'malformed'],
  ['no audience', { aud: undefined }, 'wrong_audience'],
  ['no jti', { jti: undefined }, 'no_jti'],
  ['an empty jti', { jti: '' }, 'no_jti'],
  ['an endless jti', { jti: 'x'.repeat(257) }, 'no_jti'],
])('rule 18 clients: %s is refused as it should be', async (_what, claims, why) => {
  expect(await verify(await own.sign(claims))).toEqual({ kind: 'rejected', why })
})

test('rule 18 clients: the key of another client, no signature and garbage are refused', async () => {
  const badSignature = { kind: 'rejected', why: 'bad_signature' }
  expect(await verify(await other.sign())).toEqual(badSignature)
  expect(await verify(await other.sign({}, { kid: 'own' }))).toEqual(badSignature)
  const [, payload] = (await own.sign()).split('.')
  const none = Buffer.from('{"alg":"none"}').toString('base64url')
  for (const text of [`${none}.${payload}.`, '', 'a.b.c', 'x'.repeat(20_000)]) {
    expect(await verify(text)).toEqual({ kind: 'rejected', why: 'malformed' })
  }
})

test('the claimed client only finds the keys to try', async () => {
  expect(claimedClient(await other.sign({ sub: 'mobile' }))).toBe('mobile')
  expect(claimedClient(await other.sign({ sub: 'no client id' }))).toBeUndefined()
  expect(claimedClient('garbage')).toBeUndefined()
})

describe('jwksUri', () => {
  const remote: ClientKeys = { kind: 'jwks-uri', uri }

  function served(
    clock: HandClock,
    answer: () => Response,
  ): {
    readonly check: (assertion: string) => Promise<string>
    readonly fetches: () => number
  } {
    let fetches = 0
    const fetchKeys = async (): Promise<Response> => {
      fetches += 1
      return answer()
    }
    const audiences = [issuer]
    const assertions = createClientAssertions({ audiences, clock, fetch: fetchKeys })
    const check = async (assertion: string): Promise<string> => {
      const verdict = await assertions.verify(backend, remote, assertion)
      return verdict.kind === 'rejected' ? verdict.why : verdict.kind
    }
    return { check, fetches: () => fetches }
  }

  test('keys are fetched once and kept', async () => {
    const { check, fetches } = served(new HandClock(), () => Response.json({ keys: [own.jwk] }))
    const assertion = await own.sign()
    const verdicts = await Promise.all([check(assertion), check(assertion)])
    expect([...verdicts, await check(assertion)]).toEqual(['accepted', 'accepted', 'accepted'])
    expect(fetches()).toBe(1)
  })

  test('rule 37 limits: unknown keys cause one fetch in 30 seconds', async () => {
    const clock = new HandClock()
    let published = [own.jwk]
    const { check, fetches } = served(clock, () => Response.json({ keys: published }))
    expect(await check(await own.sign())).toBe('accepted')
    published = [own.jwk, other.jwk]
    const newer = await other.sign()
    expect(await check(newer)).toBe('bad_signature')
    clock.pass(29_999)
    expect(await check(newer)).toBe('bad_signature')
    expect(fetches()).toBe(1)
    clock.pass(1)
    expect(await check(newer)).toBe('accepted')
    expect(fetches()).toBe(2)
  })

  test.each([
    ['an error', () => new Response('', { status: 500 })],
    ['no JSON', () => new Response('<html>')],
    ['no key set', () => Response.json([])],
    ['an endless document', () => new Response(' '.repeat(300_000))],
    [
      'no connection',
      () => {
        throw new TypeError('fetch failed')
      },
    ],
  ])(
    '%s refuses nobody: the keys are unavailable, and asked for again later',
    async (_what, bad) => {
      const clock = new HandClock()
      let answer: () => Response = bad
      const { check, fetches } = served(clock, () => answer())
      const assertion = await own.sign()
      expect(await check(assertion)).toBe('keys-unavailable')
      expect(await check(assertion)).toBe('keys-unavailable')
      expect(fetches()).toBe(1)
      answer = () => Response.json({ keys: [own.jwk] })
      clock.pass(30_000)
      expect(await check(assertion)).toBe('accepted')
    },
  )

  test('an outage is bridged by the keys fetched before, for ten minutes', async () => {
    const clock = new HandClock()
    let answer = (): Response => Response.json({ keys: [own.jwk] })
    const { check } = served(clock, () => answer())
    const life = { exp: seconds + 300 }
    expect(await check(await own.sign(life))).toBe('accepted')
    answer = () => new Response('', { status: 503 })
    clock.pass(299_000)
    expect(await check(await own.sign(life))).toBe('accepted')
    clock.pass(301_000)
    expect(await check(await own.sign({ exp: seconds + 700 }))).toBe('keys-unavailable')
  })
})
