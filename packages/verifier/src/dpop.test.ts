import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { DpopKey, type ProofParts } from '../test/dpop-key.ts'
import { FakeCurfew, newSid } from '../test/fake-curfew.ts'
import { refusal, running } from '../test/running.ts'
import { curfew as curfewOf } from './fetch.ts'
import type { VerifierOptions } from './options.ts'
import { refusalOf } from './refusal.ts'
import type { Verifier } from './verifier.ts'

const url = 'https://api.example.com/things'
let curfew: FakeCurfew
let key: DpopKey

beforeEach(async () => {
  curfew = await FakeCurfew.start()
  key = await DpopKey.make()
})

const start = (options: Partial<VerifierOptions> = {}): Promise<Verifier> =>
  running(curfew, options)

const boundToken = (sid = newSid()) => curfew.token({ sid, claims: { cnf: { jkt: key.jkt } } })

/** By the clock of the verifier, which is scripted. */
function proofFor(token: string, changed: Partial<ProofParts> = {}, by = key): Promise<string> {
  const { claims, ...rest } = changed
  const iat = curfew.nowSeconds
  return by.proof({ method: 'GET', url, token, ...rest, claims: { iat, ...claims } })
}

function fetched(token: string, proof: string | null, scheme = 'DPoP', more = {}): Request {
  const headers = new Headers({ authorization: `${scheme} ${token}` })
  if (proof !== null) headers.append('dpop', proof)
  return new Request(`${url}?page=2`, { headers, ...more })
}

describe('rule 34 DPoP: a bound token', () => {
  test('is good with a proof of this request by its key, each time anew', async () => {
    const verifier = await start()
    const sid = newSid()
    const token = await boundToken(sid)
    for (let turn = 0; turn < 3; turn++) {
      const session = await verifier.authenticate(fetched(token, await proofFor(token)))
      expect(session.sid).toBe(sid)
    }
    expect(verifier.metrics).toMatchObject({ verified: 1, remembered: 2, proofsRemembered: 3 })
  })

  test('is good in a Node request, where a framework has cut its path, and by verify', async () => {
    const verifier = await start()
    const token = await boundToken()
    const node = async (more: object) => ({
      headers: { authorization: `DPoP ${token}`, dpop: await proofFor(token) },
      ...{ method: 'GET', url: '/things?page=2', ...more },
    })
    const cut = { url: '/', originalUrl: '/things' }
    for (const more of [{}, cut]) {
      expect((await verifier.authenticate(await node(more))).claims.cnf).toEqual({ jkt: key.jkt })
    }
    const dpop = { proof: await proofFor(token), method: 'GET', url }
    expect((await verifier.verify(token, { dpop })).sub).toBe('main:alice')
  })

  test('is refused without its proof, as Bearer, and by peek, also when it is remembered', async () => {
    const verifier = await start()
    const token = await boundToken()
    const refusedAlone = async () => {
      expect(await refusal(verifier.verify(token))).toBe('wrong_type 401')
      expect(await refusal(verifier.authenticate(fetched(token, null, 'Bearer')))).toBe(
        'wrong_type 401',
      )
      const proof = await proofFor(token)
      expect(await refusal(verifier.authenticate(fetched(token, proof, 'Bearer')))).toBe(
        'wrong_type 401',
      )
      expect(await refusal(verifier.authenticate(fetched(token, null)))).toBe('wrong_type 401')
      expect(verifier.peek(token)).toBeUndefined()
    }
    await refusedAlone()
    await verifier.authenticate(fetched(token, await proofFor(token)))
    await refusedAlone()
  })

  test('is refused with a proof that is not of this request, this key, this time', async () => {
    const verifier = await start()
    const token = await boundToken()
    const other = await boundToken()
    const seen = async (proof: string) => refusal(verifier.authenticate(fetched(token, proof)))
    const stale = { claims: { iat: curfew.nowSeconds - 120 } }
    const future = { claims: { iat: curfew.nowSeconds + 120 } }
    expect(await seen(await proofFor(token, { method: 'POST' }))).toBe('bad_signature 401')
    expect(await seen(await proofFor(token, { url: `${url}/1` }))).toBe('bad_signature 401')
    expect(await seen(await proofFor(other))).toBe('bad_signature 401')
    expect(await seen(await proofFor(token, {}, await DpopKey.make()))).toBe('bad_signature 401')
    expect(await seen(await proofFor(token, stale))).toBe('expired 401')
    expect(await seen(await proofFor(token, future))).toBe('not_yet_valid 401')
    expect(await seen('nonsense')).toBe('malformed 401')
    const proof = await proofFor(token)
    expect(await seen(`${proof}, ${proof}`)).toBe('malformed 401')
    expect((await verifier.authenticate(fetched(token, proof))).sub).toBe('main:alice')
    expect(await seen(proof)).toBe('bad_signature 401')
  })

  test('is refused with two proofs, or by what does not say what was asked', async () => {
    const verifier = await start()
    const token = await boundToken()
    const dpop = await proofFor(token)
    const headers = { authorization: `DPoP ${token}`, dpop }
    const rawHeaders = ['Authorization', headers.authorization, 'DPoP', dpop, 'dpop', dpop]
    const place = { method: 'GET', url: '/things' }
    expect(await refusal(verifier.authenticate({ headers, rawHeaders, ...place }))).toBe(
      'malformed 401',
    )
    expect(await refusal(verifier.authenticate({ headers }))).toBe('wrong_type 401')
  })

  test('is not good for another host, whatever the request calls itself', async () => {
    const verifier = await start()
    const token = await boundToken()
    const evil = 'https://evil.example.com/things'
    const headers = { authorization: `DPoP ${token}`, dpop: await proofFor(token, { url: evil }) }
    const request = new Request(evil, { headers })
    expect(await refusal(verifier.authenticate(request))).toBe('bad_signature 401')
  })

  test('of a session that has ended is refused with the best of proofs', async () => {
    const verifier = await start()
    const sid = newSid()
    const token = await boundToken(sid)
    await verifier.authenticate(fetched(token, await proofFor(token)))
    await curfew.end(sid)
    const proof = await proofFor(token)
    await expect.poll(() => refusal(verifier.authenticate(fetched(token, proof)))).toBe('ended 401')
  })
})

describe('rule 34 DPoP: a request that passes two gates', () => {
  test('shows its proof to both, and no other request may', async () => {
    const verifier = await start()
    const token = await boundToken()
    const proof = await proofFor(token)
    const request = fetched(token, proof)
    for (const gate of [curfewOf(verifier), curfewOf(verifier, { roles: ['pilot'] })]) {
      expect((await gate(request)).sub).toBe('main:alice')
    }
    await expect(curfewOf(verifier, { roles: ['ops'] })(request)).rejects.toThrow('lacks a role')
    expect(await refusal(curfewOf(verifier)(fetched(token, proof)))).toBe('bad_signature 401')
    // Another verifier asks for itself.
    expect((await curfewOf(await start())(request)).sub).toBe('main:alice')
  })

  test('is refused by the second when its session has ended between', async () => {
    const verifier = await start()
    const sid = newSid()
    const token = await boundToken(sid)
    const request = fetched(token, await proofFor(token))
    const session = await curfewOf(verifier)(request)
    curfew.end(sid)
    await expect.poll(() => session.signal.aborted).toBe(true)
    expect(await refusal(curfewOf(verifier)(request))).toBe('ended 401')
  })

  test.each([
    ['expired', 3_600_000],
    ['stale', 60_000],
  ])('is asked about everything but its proof: %s', async (how, laterMs) => {
    const verifier = await start({ pullInterval: '10s', maxStaleness: '30s' })
    const token = await boundToken()
    const request = fetched(token, await proofFor(token))
    await curfewOf(verifier)(request)
    if (how === 'stale') curfew.spoil = () => new Response('', { status: 500 })
    await curfew.timing.pass(laterMs)
    expect(await refusal(curfewOf(verifier)(request))).toMatch(how)
  })
})

describe('a bearer token', () => {
  test('rule 34 DPoP: is refused by the scheme DPoP, also with a proof', async () => {
    const verifier = await start()
    const token = await curfew.token()
    expect(await refusal(verifier.authenticate(fetched(token, await proofFor(token))))).toBe(
      'wrong_type 401',
    )
    await verifier.verify(token)
    expect(await refusal(verifier.authenticate(fetched(token, await proofFor(token))))).toBe(
      'wrong_type 401',
    )
  })

  test('bound to anything but a DPoP key is refused', async () => {
    const verifier = await start()
    for (const cnf of [{ 'x5t#S256': 'x' }, { jkt: 7 }, { jkt: '' }, null, {}]) {
      const token = await curfew.token({ claims: { cnf, jti: randomUUID() } })
      expect(await refusal(verifier.verify(token))).toBe('wrong_type 401')
    }
  })
})

describe('publicUrl', () => {
  test('says what proofs name where the audience is no URL, with the path of a proxy', async () => {
    const audience = 'things'
    const bound = { claims: { aud: audience, cnf: { jkt: key.jkt } } }
    const token = await curfew.token(bound)
    const nowhere = await start({ audience })
    expect(await refusal(nowhere.authenticate(fetched(token, await proofFor(token))))).toBe(
      'wrong_type 401',
    )
    const verifier = await start({ audience, publicUrl: 'https://example.com/api/' })
    const proof = await proofFor(token, { url: 'https://example.com/api/things' })
    expect((await verifier.authenticate(fetched(token, proof))).sub).toBe('main:alice')
  })
})

test('a refusal over a proof challenges by DPoP, with the algorithms', async () => {
  const verifier = await start()
  const token = await boundToken()
  const error = await verifier.authenticate(fetched(token, null)).catch((caught) => caught)
  expect(refusalOf(error)?.headers['www-authenticate']).toMatch(
    /^DPoP error="invalid_dpop_proof", error_description="[^"]+", algs="ES256 .+"$/,
  )
  const alone = await verifier.verify(token).catch((caught) => caught)
  expect(refusalOf(alone)?.headers['www-authenticate']).toMatch(/^DPoP error="invalid_token"/)
})
