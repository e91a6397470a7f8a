import { beforeEach, describe, expect, test } from 'vitest'
import { audience, FakeCurfew, issuer, newSid, newSigner, until } from '../test/fake-curfew.ts'
import { refusal, running } from '../test/running.ts'
import type { VerifierOptions } from './options.ts'
import type { Verifier } from './verifier.ts'

let curfew: FakeCurfew

beforeEach(async () => {
  curfew = await FakeCurfew.start()
})

function start(options: Partial<VerifierOptions> = {}): Promise<Verifier> {
  return running(curfew, options)
}

/** The same characters, as a server receives them: another object. */
function received(token: string): string {
  return Buffer.from(token).toString('latin1')
}

describe('a good token', () => {
  test('answers a session that nobody can change', async () => {
    const verifier = await start()
    const sid = newSid()
    const token = await curfew.token({ sid, sub: 'main:bob', claims: { team: { name: 'x' } } })
    const session = await verifier.verify(token)
    expect(session).toMatchObject({ sid, sub: 'main:bob', roles: ['pilot'] })
    expect(session.expiresAt).toEqual(new Date((curfew.nowSeconds + 300) * 1000))
    expect(session.signal).toBeInstanceOf(AbortSignal)
    expect(Object.keys(session)).toEqual(['sid', 'sub', 'roles', 'claims', 'expiresAt', 'signal'])
    expect(Object.isFrozen(session) && Object.isFrozen(session.roles)).toBe(true)
    expect(Object.isFrozen(session.claims['team'])).toBe(true)
    session.expiresAt.setTime(0)
    expect(session.expiresAt.getTime()).toBeGreaterThan(0)
  })

  test.each(['ES256', 'EdDSA', 'RS256'])('may be signed with %s', async (alg) => {
    curfew.signers = [await newSigner(alg)]
    const verifier = await start()
    expect((await verifier.verify(await curfew.token())).sub).toBe('main:alice')
  })

  test('is verified once, however often and by how many at once it is brought', async () => {
    const verifier = await start()
    const token = await curfew.token()
    expect(verifier.peek(token)).toBeUndefined()
    const all = await Promise.all(
      Array.from({ length: 20 }, () => verifier.verify(received(token))),
    )
    expect(new Set(all).size).toBe(1)
    expect(verifier.peek(received(token))).toBe(all[0])
    expect(await verifier.verify(received(token))).toBe(all[0])
    expect(verifier.metrics).toMatchObject({ verified: 1, remembered: 2, tokensRemembered: 1 })
  })

  test('of several audiences one suffices, as text or in a list', async () => {
    const verifier = await start({ audience: ['https://a.example.com', 'https://b.example.com'] })
    const token = await curfew.token({ claims: { aud: 'https://b.example.com' } })
    expect((await verifier.verify(token)).claims.aud).toBe('https://b.example.com')
  })
})

describe('a bad token', () => {
  test('is refused with a code and a status', async () => {
    const verifier = await start()
    const good = await curfew.token()
    const [header, payload, signature] = good.split('.')
    const stranger = await newSigner()
    const impostor = { ...stranger, kid: curfew.signers[0]?.kid ?? '' }
    const seen = async (token: unknown) => refusal(verifier.verify(token as string))
    expect(await seen('')).toBe('missing 401')
    expect(await seen(undefined)).toBe('missing 401')
    for (const malformed of ['x', 'a.b', `${good}.`, `${good} `, 'a.b.c', `${header}.%.x`]) {
      expect(await seen(malformed)).toBe('malformed 401')
    }
    expect(await seen('a'.repeat(20_000))).toBe('malformed 401')
    expect(await seen(await curfew.token({ header: { typ: 'JWT' } }))).toBe('wrong_type 401')
    expect(await seen(await curfew.token({ header: { typ: 'logout+jwt' } }))).toBe('wrong_type 401')
    expect(await seen(`${header}.${payload}.${signature?.slice(0, -4)}AAAA`)).toBe(
      'bad_signature 401',
    )
    expect(await seen(`${header}.${btoa('{"sub":"x"}').replace(/=+$/, '')}.${signature}`)).toBe(
      'bad_signature 401',
    )
    expect(await seen(await curfew.token({ signer: stranger }))).toBe('bad_signature 401')
    expect(await seen(await curfew.token({ signer: impostor }))).toBe('bad_signature 401')
    const { signers } = curfew
    const kid = signers[0]?.kid
    const none = btoa(JSON.stringify({ alg: 'none', typ: 'at+jwt', kid })).replace(/=+$/, '')
    expect(await seen(`${none}.${payload}.AA`)).toBe('bad_signature 401')
    const claims = async (changed: Record<string, unknown>) =>
      seen(await curfew.token({ claims: changed }))
    expect(await claims({ iss: `${issuer}/` })).toBe('wrong_issuer 401')
    expect(await claims({ aud: [issuer] })).toBe('wrong_audience 401')
    expect(await claims({ aud: `${audience}/` })).toBe('wrong_audience 401')
    expect(await claims({ sid: undefined })).toBe('no_sid 401')
    expect(await claims({ sid: newSid().toUpperCase() })).toBe('no_sid 401')
    expect(await claims({ sub: 7 })).toBe('malformed 401')
    expect(await claims({ roles: 'admin' })).toBe('malformed 401')
    for (const exp of [undefined, '1800000300', null, -1, 1e15]) {
      expect(await claims({ exp })).toBe('malformed 401')
    }
    expect(await claims({ exp: curfew.nowSeconds - 1 })).toBe('expired 401')
    expect(await claims({ nbf: curfew.nowSeconds + 90 })).toBe('not_yet_valid 401')
    expect(await claims({ iat: curfew.nowSeconds + 90 })).toBe('not_yet_valid 401')
    expect(verifier.metrics.refused).toMatchObject({ missing: 2, wrong_type: 2, wrong_audience: 2 })
  })

  test('rule 34 DPoP: a token that is bound to a key is refused without its proof', async () => {
    const verifier = await start()
    const token = await curfew.token({ claims: { cnf: { jkt: 'x' } } })
    expect(await refusal(verifier.verify(token))).toBe('wrong_type 401')
  })

  test('of two tokens with one signature each is judged by all of its characters', async () => {
    const verifier = await start()
    const good = await curfew.token()
    await verifier.verify(good)
    const [, , signature] = good.split('.')
    const [header, payload] = (await curfew.token({ claims: { roles: ['admin'] } })).split('.')
    const forged = `${header}.${payload}.${signature}`
    expect(verifier.peek(forged)).toBeUndefined()
    expect(await refusal(verifier.verify(forged))).toBe('bad_signature 401')
    expect(await refusal(verifier.verify(forged))).toBe('bad_signature 401')
    expect(verifier.peek(good)?.roles).toEqual(['pilot'])
  })

  test('is remembered as such, within bounds, until the keys change', async () => {
    const verifier = await start()
    const bad = await curfew.token({ claims: { aud: 'https://other.example.com' } })
    expect(await refusal(verifier.verify(bad))).toBe('wrong_audience 401')
    expect(await refusal(verifier.verify(received(bad)))).toBe('wrong_audience 401')
    expect(verifier.metrics).toMatchObject({ tokensRemembered: 0, verified: 0 })
  })
})

describe('a key', () => {
  test('that is withdrawn and comes back makes its tokens bad and good again', async () => {
    const verifier = await start({ stream: false })
    const token = await curfew.token({ expiresInSeconds: 3600 })
    await verifier.verify(token)
    const signers = curfew.signers
    curfew.signers = [await newSigner()]
    await curfew.timing.pass(300_000)
    await until(() => verifier.peek(token) === undefined)
    expect(await refusal(verifier.verify(token))).toBe('bad_signature 401')
    curfew.signers = signers
    await curfew.timing.pass(300_000)
    await until(() => verifier.metrics.keyFetches >= 3)
    expect((await verifier.verify(token)).sub).toBe('main:alice')
    expect(verifier.peek(token)).toBeDefined()
  })
})

describe('a request', () => {
  const token = 'a.b.c'
  test.each([
    ['no header', {}, 'missing 401'],
    ['another scheme', { authorization: 'Basic abc' }, 'missing 401'],
    ['no token', { authorization: 'Bearer ' }, 'missing 401'],
    ['two tokens', { authorization: `Bearer ${token}, Bearer ${token}` }, 'malformed 401'],
  ])('with %s is refused', async (_what, headers: Record<string, string>, expected) => {
    const verifier = await start()
    expect(await refusal(verifier.authenticate({ headers: new Headers(headers) }))).toBe(expected)
    expect(await refusal(verifier.authenticate({ headers }))).toBe(expected)
    expect(await refusal(verifier.authenticate({ headers, rawHeaders: [] }))).toBe(expected)
  })

  test('may be one of Fetch or of Node, with the scheme in any case', async () => {
    const verifier = await start()
    const good = await curfew.token()
    const headers = { authorization: `bearer  ${good}` }
    const request = new Request('https://api.example.com/', { headers })
    const session = await verifier.authenticate(request)
    expect(await verifier.authenticate({ headers })).toBe(session)
    expect(verifier.metrics.refused).toEqual({})
  })

  test('that repeats the header is refused, though Node shows one of them only', async () => {
    const verifier = await start()
    const good = `Bearer ${await curfew.token()}`
    const rawHeaders = ['Authorization', good, 'authorization', 'Bearer x']
    const request = { headers: { authorization: good }, rawHeaders }
    expect(await refusal(verifier.authenticate(request))).toBe('malformed 401')
  })
})

describe('an ended session', () => {
  test('is refused at every call, also of a remembered token', async () => {
    const verifier = await start()
    const sid = newSid()
    const [first, second] = [await curfew.token({ sid }), await curfew.token({ sid })]
    await verifier.verify(first)
    curfew.streaming = false
    curfew.end(sid)
    expect(verifier.peek(first)).toBeDefined()
    await curfew.timing.pass(30_000)
    expect(verifier.peek(first)).toBeUndefined()
    expect(await refusal(verifier.verify(received(first)))).toBe('ended 401')
    // Denied by sid: also a token that was never seen.
    expect(await refusal(verifier.verify(second))).toBe('ended 401')
  })

  test('that ends while the signature is checked is refused', async () => {
    const verifier = await start({ stream: false })
    const sid = newSid()
    const token = await curfew.token({ sid })
    const end = curfew.end(sid)
    const call = verifier.verify(token)
    verifier.hint(curfew.message(end))
    expect(await refusal(call)).toBe('ended 401')
  })
})

describe('rule 39 leeway', () => {
  test('rule 39 leeway: exp has none, nbf and iat have a minute', async () => {
    const verifier = await start()
    const token = await curfew.token({ expiresInSeconds: 10 })
    await verifier.verify(token)
    await curfew.timing.pass(9_000)
    expect(verifier.peek(token)).toBeDefined()
    await curfew.timing.pass(1_000)
    expect(verifier.peek(token)).toBeUndefined()
    expect(await refusal(verifier.verify(token))).toBe('expired 401')
    const claims = { nbf: curfew.nowSeconds + 59, iat: curfew.nowSeconds + 59 }
    expect((await verifier.verify(await curfew.token({ claims }))).claims.nbf).toBe(claims.nbf)
  })

  test('rule 39 leeway: a clock that nothing speaks against is right to the millisecond', async () => {
    curfew.timing.nowMs += 100
    const verifier = await start()
    const token = await curfew.token({ expiresInSeconds: 10 })
    await verifier.verify(token)
    await curfew.timing.pass(9_899)
    expect(verifier.peek(token)).toBeDefined()
    await curfew.timing.pass(1)
    expect(await refusal(verifier.verify(token))).toBe('expired 401')
  })

  test.each([-60_000, -45_000, 45_000, 60_000])(
    'rule 39 leeway: S109, a clock that is wrong by %i ms is corrected by Curfew-Now',
    async (aheadMs) => {
      curfew.aheadMs = aheadMs
      const verifier = await start()
      const sid = newSid()
      const token = await curfew.token({ sid, expiresInSeconds: 20 })
      await verifier.verify(token)
      await curfew.timing.pass(19_000)
      expect(verifier.peek(token)).toBeDefined()
      await curfew.timing.pass(2_000)
      expect(await refusal(verifier.verify(token))).toBe('expired 401')
      const other = await curfew.token({ sid })
      curfew.streaming = false
      curfew.end(sid)
      await curfew.timing.pass(30_000)
      expect(await refusal(verifier.verify(other))).toBe('ended 401')
    },
  )

  test('rule 39 leeway: after a sleep the wall clock counts, and the server is asked at once', async () => {
    const verifier = await start({ stream: false, maxStaleness: '1h' })
    const token = await curfew.token({ expiresInSeconds: 300 })
    await verifier.verify(token)
    const pulls = curfew.count('feed')
    curfew.timing.wallAheadMs = 400_000
    expect(await refusal(verifier.verify(token))).toBe('expired 401')
    expect(curfew.count('feed')).toBe(pulls + 1)
  })
})
