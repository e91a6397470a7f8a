import { beforeAll, describe, expect, test } from 'vitest'
import { Secret } from '#domain'
import { DpopKey, type ProofParts } from '../../../verifier/test/dpop-key.ts'
import { BoundTokens } from './dpop.ts'
import { basic, FakeWorld, nowSeconds, send } from './testing.ts'

const url = 'https://auth.example.com/oauth/token'
let key: DpopKey

beforeAll(async () => {
  key = await DpopKey.make()
})

function oauthWorld() {
  const world = new FakeWorld()
  world.add(1, 'alice')
  const app = world.app()
  const post = (payload: string, headers: Record<string, string | string[]> = {}) => {
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    return send(app, {
      ...{ method: 'POST', url: '/oauth/token', payload },
      headers: { ...type, ...headers },
    })
  }
  return { world, post }
}

/** By the clock of the world, which stands. */
function proofOf({ claims, ...parts }: Partial<ProofParts> = {}): Promise<string> {
  return key.proof({ method: 'POST', url, ...parts, claims: { iat: nowSeconds, ...claims } })
}

const refreshBy = (client: string) =>
  `grant_type=refresh_token&refresh_token=cfr_1&client_id=${client}`
const own = 'grant_type=client_credentials'

describe('DPoP at the token endpoint', () => {
  test('whoever sends a proof gets tokens that are bound, whoever sends none does not', async () => {
    const { post } = oauthWorld()
    expect((await post(refreshBy('mobile'))).json().token_type).toBe('Bearer')
    const bound = await post(refreshBy('mobile'), { dpop: await proofOf() })
    expect(bound.json().token_type).toBe('DPoP')
    expect(bound.headers['dpop-nonce']).toBeUndefined()
    const service = await post(own, { ...basic('backend'), dpop: await proofOf() })
    expect(service.json().token_type).toBe('DPoP')
  })

  test('rule 34 DPoP: a client with dpop: true is refused without one', async () => {
    const { world, post } = oauthWorld()
    const bare = await post(refreshBy('strict'))
    expect(bare.statusCode).toBe(400)
    expect(bare.json().error).toBe('invalid_request')
    expect(world.calls).not.toContain('refresh')
    expect((await post(refreshBy('strict'), { dpop: await proofOf() })).statusCode).toBe(200)
  })

  test.each([
    ['another method', { method: 'GET' }],
    ['another path', { url: `${url}s` }],
    ['the path alone', { url: '/oauth/token' }],
    ['the host that the request names', { url: 'http://localhost:80/oauth/token' }],
    ['a time long ago', { claims: { iat: nowSeconds - 3600 } }],
    ['a time to come', { claims: { iat: nowSeconds + 3600 } }],
    ['no jti', { claims: { jti: undefined } }],
    ['another typ', { header: { typ: 'JWT' } }],
  ])('rule 34 DPoP: a proof of %s is invalid_dpop_proof', async (_what, parts) => {
    const { world, post } = oauthWorld()
    const answer = await post(refreshBy('mobile'), { dpop: await proofOf(parts) })
    expect(answer.statusCode).toBe(400)
    expect(answer.json().error).toBe('invalid_dpop_proof')
    expect(world.calls).not.toContain('refresh')
  })

  test('rule 34 DPoP: so are two proofs, one that was used, and one by a private key', async () => {
    const { post } = oauthWorld()
    const good = await proofOf()
    const two = [await proofOf(), await proofOf()]
    const secret = await proofOf({ header: { jwk: key.privateJwk } })
    expect((await post(refreshBy('mobile'), { dpop: good })).statusCode).toBe(200)
    for (const dpop of [good, two, secret, '', 'x']) {
      const answer = await post(refreshBy('mobile'), { dpop })
      expect(answer.json().error).toBe('invalid_dpop_proof')
    }
  })

  test('the client is authenticated before its proof is looked at', async () => {
    const { post } = oauthWorld()
    const answer = await post(own, { ...basic('backend', 'wrong'), dpop: 'x' })
    expect(answer.json().error).toBe('invalid_client')
  })
})

describe('nonces', () => {
  test('a client with dpop: nonce is given one, which its next proof has to name', async () => {
    const { post } = oauthWorld()
    const first = await post(refreshBy('careful'), { dpop: await proofOf() })
    expect(first.statusCode).toBe(400)
    expect(first.json().error).toBe('use_dpop_nonce')
    const nonce = String(first.headers['dpop-nonce'])
    // The clock of the device may be as wrong as it likes.
    const claims = { nonce, iat: 1 }
    const second = await post(refreshBy('careful'), { dpop: await proofOf({ claims }) })
    expect(second.statusCode).toBe(200)
    expect(second.headers['dpop-nonce']).toEqual(expect.any(String))
    const again = await post(refreshBy('careful'), { dpop: await proofOf({ claims }) })
    expect(again.statusCode).toBe(200)
  })

  test('one that is not ours is refused with one that is, also where none is needed', async () => {
    const { post } = oauthWorld()
    const dpop = await proofOf({ claims: { nonce: 'made-up' } })
    const answer = await post(refreshBy('mobile'), { dpop })
    expect(answer.json().error).toBe('use_dpop_nonce')
    expect(answer.headers['dpop-nonce']).toEqual(expect.any(String))
  })
})

test('rule 34 DPoP: what one request has proven holds for it, and for no other', async () => {
  const { authority, dpop } = new FakeWorld().deps()
  const tokens = new BoundTokens({ authority, dpop, publicUrl: 'https://auth.example.com' })
  const claims = { cnf: { jkt: key.jkt }, client_id: 'mobile' }
  const token = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`
  const place = { method: 'GET', url: 'https://auth.example.com/sessions/revoked/stream', token }
  const rawHeaders = ['DPoP', await proofOf(place)]
  const request = { method: 'GET', url: '/sessions/revoked/stream?all=true', rawHeaders }
  const presented = { secret: new Secret(token), scheme: 'dpop' } as const
  await tokens.check(request, presented)
  // An event stream is looked at again for as long as it is open.
  await expect(tokens.check(request, presented)).resolves.toBeUndefined()
  const replayed = tokens.check({ ...request }, presented)
  await expect(replayed).rejects.toMatchObject({ code: 'invalid_dpop_proof' })
  const absolute = { ...request, url: 'http://auth.example.com/sessions/revoked/stream' }
  const fresh = { ...absolute, rawHeaders: ['DPoP', await proofOf(place)] }
  await expect(tokens.check(fresh, presented)).rejects.toMatchObject({ status: 401 })
})
