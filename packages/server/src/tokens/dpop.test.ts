import { beforeAll, describe, expect, test } from 'vitest'
import { type Instant, instant, Secret } from '#domain'
import { DpopKey } from '../../../verifier/test/dpop-key.ts'
import { boundTo, createDpopProofs, firstInProcess } from './dpop.ts'
import { KeyRing } from './key-ring.ts'

const url = 'https://auth.example.com/oauth/token'
const question = { method: 'POST', url, accessToken: null, nonceRequired: true }
const minute = 60_000

let key: DpopKey
let nowMs: number

beforeAll(async () => {
  key = await DpopKey.make()
})

/** One replica; those with the same secrets are of one deployment. */
function replica(...bytes: number[]) {
  nowMs = Date.now()
  const clock = { now: (): Instant => instant(nowMs) }
  const secrets = bytes.map((byte) => new Secret(Buffer.alloc(32, byte).toString('base64url')))
  const ring = new KeyRing(secrets)
  ring.update(ring.ids.map((keyId) => ({ keyId, activatesAt: instant(0) })))
  return createDpopProofs({ ring, clock, first: firstInProcess(clock) })
}

const proofWith = (nonce: string | undefined) =>
  key.proof({ method: 'POST', url, claims: nonce === undefined ? {} : { nonce } })

describe('a nonce', () => {
  test('rule 34 DPoP: that a replica gave out is good at every one with that secret', async () => {
    const [here, there] = [replica(1), replica(2, 1)]
    const proof = await proofWith(here.nonce())
    expect(await there.check({ ...question, proof })).toEqual({ kind: 'proven', jkt: key.jkt })
  })

  test('rule 34 DPoP: that is missing, made up, of another deployment or another time is not', async () => {
    const proofs = replica(1)
    const good = proofs.nonce()
    const forged = `${good.slice(0, -1)}${good.endsWith('A') ? 'B' : 'A'}`
    const stranger = replica(3).nonce()
    for (const nonce of [undefined, 'x', '', forged, `${good}=`, stranger]) {
      const answer = await proofs.check({ ...question, proof: await proofWith(nonce) })
      expect(answer).toMatchObject({ kind: 'nonce-wanted', nonce: expect.any(String) })
    }
    nowMs += 4 * minute
    const young = await proofWith(good)
    expect((await proofs.check({ ...question, proof: young })).kind).toBe('proven')
    nowMs += 7 * minute
    const old = await proofWith(good)
    expect((await proofs.check({ ...question, proof: old })).kind).toBe('nonce-wanted')
  })

  test('counts in place of the clock of whoever made the proof', async () => {
    const proofs = replica(1)
    const iat = Math.floor(Date.now() / 1000) - 86_400
    const claims = { iat, nonce: proofs.nonce() }
    const proof = await key.proof({ method: 'POST', url, claims })
    expect((await proofs.check({ ...question, proof })).kind).toBe('proven')
    const bare = await key.proof({ method: 'POST', url, claims: { iat } })
    const offered = { ...question, nonceRequired: false }
    expect((await proofs.check({ ...offered, proof: bare })).kind).toBe('bad')
  })
})

test('rule 34 DPoP: a proof is good once, for as long as its nonce or its time holds', async () => {
  const proofs = replica(1)
  const proof = await proofWith(proofs.nonce())
  expect((await proofs.check({ ...question, proof })).kind).toBe('proven')
  for (const ahead of [0, 4 * minute]) {
    nowMs += ahead
    expect(await proofs.check({ ...question, proof })).toEqual({
      ...{ kind: 'bad', why: 'it was used before' },
    })
  }
})

describe('what a token is bound to', () => {
  const token = (claims: unknown) =>
    `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`

  test('stands in its cnf, and what cannot be read as a key is no key', () => {
    const bound = { cnf: { jkt: 'k' }, client_id: 'app' }
    expect(boundTo(token(bound))).toEqual({ jkt: 'k', clientId: 'app' })
    for (const cnf of [null, 7, {}, { jkt: 7 }]) {
      expect(boundTo(token({ cnf, client_id: 'app' }))?.jkt).toBe('')
    }
    for (const other of [token({}), token(null), token(7), 'x', 'a.b.c', 'cfs_a.b.c', '']) {
      expect(boundTo(other)).toBeNull()
    }
  })
})
