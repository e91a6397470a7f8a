import { SignJWT } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { DpopKey, unsigned } from '../test/dpop-key.ts'
import { checkProof, type ProofOrder, type ProofVerdict } from './dpop-proof.ts'
import { ProofMemory } from './proof-memory.ts'

const method = 'POST'
const url = 'https://api.example.com/things/7'
const token = 'the-token'
const nowMs = Date.now()
const nowSeconds = Math.floor(nowMs / 1000)

let key: DpopKey

beforeAll(async () => {
  key = await DpopKey.make()
})

function check(proof: string, order: Partial<ProofOrder> = {}): Promise<ProofVerdict> {
  return checkProof({ proof, method, urls: [url], accessToken: token, nowMs, ...order })
}

const usual = { method, url, token }

describe('a proof', () => {
  test.each(['ES256', 'EdDSA', 'PS256', 'RS256'])('may be signed with %s', async (alg) => {
    const other = await DpopKey.make(alg)
    expect(await check(await other.proof(usual))).toMatchObject({ kind: 'good', jkt: other.jkt })
  })

  test.each([
    'https://api.example.com/things/7?size=2#top',
    'HTTPS://API.example.com:443/things/7',
    'https://api.example.com/%74hings/7',
    'https://api.example.com/other/../things/7',
  ])('names the URL as %s as well', async (htu) => {
    expect((await check(await key.proof({ ...usual, url: htu }))).kind).toBe('good')
  })

  test('is told apart from others by its key and jti', async () => {
    const other = await DpopKey.make()
    const claims = { jti: 'one' }
    const ids: (string | undefined)[] = []
    for (const maker of [key, key, other]) {
      const verdict = await check(await maker.proof({ ...usual, claims }))
      ids.push(verdict.kind === 'good' ? verdict.id : undefined)
    }
    expect(ids[0]).toBe(ids[1])
    expect(ids[2]).not.toBe(ids[0])
  })
})

describe('rule 34 DPoP: a proof is refused', () => {
  const ago = nowSeconds - 120
  test.each([
    ['of another method', { claims: { htm: 'GET' } }, 'wrong'],
    ['of the method in other letters', { claims: { htm: 'post' } }, 'wrong'],
    ['of another path', { url: `${url}/8` }, 'wrong'],
    ['of a path with a slash more', { url: `${url}/` }, 'wrong'],
    ['of another host', { url: 'https://evil.example.com/things/7' }, 'wrong'],
    ['of another scheme', { url: url.replace('https', 'http') }, 'wrong'],
    ['of another port', { url: 'https://api.example.com:8443/things/7' }, 'wrong'],
    ['whose path is in another case', { url: 'https://api.example.com/Things/7' }, 'wrong'],
    ['whose path hides in its query', { url: 'https://api.example.com/?/things/7' }, 'wrong'],
    ['with an escaped slash', { url: 'https://api.example.com/things%2F7' }, 'wrong'],
    ['with credentials in its URL', { url: 'https://a:b@api.example.com/things/7' }, 'wrong'],
    ['of what is no URL', { url: '/things/7' }, 'wrong'],
    ['without htu', { claims: { htu: undefined } }, 'wrong'],
    ['without htm', { claims: { htm: undefined } }, 'wrong'],
    ['of another token', { token: 'another' }, 'wrong'],
    ['without ath', { claims: { ath: undefined } }, 'wrong'],
    ['without jti', { claims: { jti: undefined } }, 'malformed'],
    ['with an empty jti', { claims: { jti: '' } }, 'malformed'],
    ['with a huge jti', { claims: { jti: 'x'.repeat(300) } }, 'malformed'],
    ['without iat', { claims: { iat: undefined } }, 'malformed'],
    ['that was made long ago', { claims: { iat: ago } }, 'stale'],
    ['that was made in the future', { claims: { iat: nowSeconds + 120 } }, 'future'],
    ['of another typ', { header: { typ: 'JWT' } }, 'malformed'],
    ['without typ', { header: { typ: undefined } }, 'malformed'],
    ['without jwk', { header: { jwk: undefined } }, 'malformed'],
    ['with something critical', { header: { crit: ['x'], x: 1 } }, 'malformed'],
  ] as const)('%s', async (_what, changed, fault) => {
    const parts = { ...usual, ...changed }
    const { crit, ...header } = { crit: undefined, ...('header' in parts ? parts.header : {}) }
    const proof =
      crit === undefined
        ? await key.proof({ ...parts, header })
        : unsigned({ typ: 'dpop+jwt', alg: 'ES256', jwk: key.jwk, crit, ...header }, {})
    expect(await check(proof)).toMatchObject({ kind: 'bad', fault })
  })

  test('with a private key, or with one that is secret or none', async () => {
    const claims = { jti: '1', htm: method, htu: url, iat: nowSeconds }
    const secret = new Uint8Array(32).fill(7)
    const jwk = { kty: 'oct', k: Buffer.from(secret).toString('base64url') }
    const symmetric = await new SignJWT(claims)
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'HS256', jwk })
      .sign(secret)
    const proofs = [
      await key.proof({ ...usual, header: { jwk: key.privateJwk } }),
      symmetric,
      unsigned({ typ: 'dpop+jwt', alg: 'none', jwk: key.jwk }, claims),
      unsigned({ typ: 'dpop+jwt', alg: 'HS256', jwk: key.jwk }, claims),
      unsigned({ typ: 'dpop+jwt', alg: 'ES384', jwk: key.jwk }, claims),
    ]
    for (const proof of proofs) expect(await check(proof)).toMatchObject({ fault: 'malformed' })
  })

  test('by another key than the one that it names', async () => {
    const other = await DpopKey.make()
    const proof = await key.proof({ ...usual, header: { jwk: other.jwk } })
    expect(await check(proof)).toMatchObject({ kind: 'bad', fault: 'wrong' })
  })

  test('that is huge, whose key is huge, or that is anything but one JWT', async () => {
    const good = await key.proof(usual)
    const header = { typ: 'dpop+jwt', alg: 'RS256' }
    for (const proof of [
      await key.proof({ ...usual, claims: { more: 'x'.repeat(9000) } }),
      unsigned({ ...header, jwk: { kty: 'RSA', n: 'x'.repeat(2000), e: 'AQAB' } }, {}),
      unsigned({ ...header, jwk: { kty: 'RSA', n: 'x'.repeat(500), e: 'x'.repeat(500) } }, {}),
      unsigned({ ...header, jwk: null }, {}),
      `${good}, ${good}`,
      '',
      'a.b.c',
    ]) {
      expect(await check(proof)).toMatchObject({ kind: 'bad', fault: 'malformed' })
    }
  })

  test('whose nonce is missing or wrong, where there are nonces; a good one stands for its time', async () => {
    const goodUntilMs = (nonce: string) => (nonce === 'good' ? nowMs + 9000 : undefined)
    const nonces = { required: true, goodUntilMs }
    const made = (claims: object) => key.proof({ ...usual, claims: { iat: ago, ...claims } })
    expect(await check(await made({}), { nonces })).toEqual({ kind: 'nonce-wanted' })
    expect(await check(await made({ nonce: 'old' }), { nonces })).toEqual({ kind: 'nonce-wanted' })
    expect(await check(await made({ nonce: 7 }), { nonces })).toEqual({ kind: 'nonce-wanted' })
    const offered = { nonces: { ...nonces, required: false } }
    expect(await check(await made({ nonce: 'old' }), offered)).toEqual({ kind: 'nonce-wanted' })
    for (const around of [{ nonces }, offered]) {
      expect(await check(await made({ nonce: 'good' }), around)).toMatchObject({
        ...{ kind: 'good', rememberUntilMs: nowMs + 9000 },
      })
    }
    expect(await check(await key.proof(usual), offered)).toMatchObject({ kind: 'good' })
  })
})

describe('the memory of proofs', () => {
  test('admits each once for as long as it may live', () => {
    const memory = new ProofMemory(1000)
    const untilMs = 60_000
    expect(memory.admit('a', { untilMs, nowMs: 0 })).toBe(true)
    for (const nowMs of [0, 30_000, 59_999]) {
      expect(memory.admit('a', { untilMs, nowMs })).toBe(false)
    }
    expect(memory.admit('b', { untilMs: 125_000, nowMs: 65_000 })).toBe(true)
    expect(memory.admit('b', { untilMs: 125_000, nowMs: 124_999 })).toBe(false)
    expect(memory.dropped).toBe(0)
  })

  test('is bounded, and counts what it had to forget too early', () => {
    const memory = new ProofMemory(10)
    for (let index = 0; index < 100; index++) {
      memory.admit(String(index), { untilMs: 60_000, nowMs: 0 })
    }
    expect(memory.size).toBeLessThanOrEqual(10)
    expect(memory.dropped).toBeGreaterThan(0)
    expect(memory.admit('99', { untilMs: 60_000, nowMs: 1 })).toBe(false)
  })
})
