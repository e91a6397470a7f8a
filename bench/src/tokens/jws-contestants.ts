/* Signing and verifying one access token: ours, jose, and node:crypto with nothing around it. */
import { sign, verify } from 'node:crypto'
import { jwtVerify, SignJWT } from 'jose'
import type { Act, Contestant } from '../measure/contestant.ts'
import { callersWindow } from '../measure/contestant.ts'
import { claimsOfOneSession, freshAccessTokens, issuer } from './keys.ts'

export const algorithms = ['ES256', 'EdDSA'] as const
export type Algorithm = (typeof algorithms)[number]

/** More than the tokens' room remembers as verified, so that none of them is when it comes again. */
const tokensMin = 4200
const digests = { ES256: 'sha256', EdDSA: null } as const

type Signer = Awaited<ReturnType<typeof freshAccessTokens>>

export async function jwsContestants(algorithm: Algorithm): Promise<readonly Contestant[]> {
  const signer = await freshAccessTokens(algorithm)
  const { access, key } = signer
  const claims = claimsOfOneSession()
  const header = { alg: algorithm, typ: 'at+jwt', kid: key.kid }
  const token = access.sign(claims, key.kid)
  const input = Buffer.from(token.slice(0, token.lastIndexOf('.')))
  const digest = digests[algorithm]
  // A bare key object is the cheapest way in: with an options object (`dsaEncoding`) Node 24 takes twice as long.
  const signature = sign(digest, input, key.privateKey)
  const audience = { issuer, audience: issuer, typ: 'at+jwt' }
  return [
    repeated(`${algorithm} sign, curfew`, () => access.sign(claims, key.kid)),
    awaited(`${algorithm} sign, jose`, () =>
      new SignJWT({ ...claims, aud: [...claims.aud] })
        .setProtectedHeader(header)
        .sign(key.privateKey),
    ),
    repeated(`${algorithm} sign, node:crypto`, () => sign(digest, input, key.privateKey)),
    firstVerifies(algorithm, signer),
    repeated(`${algorithm} verify again, curfew`, () => access.verify(asReceived(token))),
    awaited(`${algorithm} verify, jose`, () =>
      jwtVerify(asReceived(token), key.publicKey, audience),
    ),
    repeated(`${algorithm} verify, node:crypto`, () =>
      verify(digest, input, key.publicKey, signature),
    ),
  ]
}

/** Every token is new to the room: there are more of them than it remembers. */
function firstVerifies(algorithm: Algorithm, { access, key }: Signer): Contestant {
  const tokens = Array.from({ length: tokensMin }, () => access.sign(claimsOfOneSession(), key.kid))
  let next = 0
  return repeated(`${algorithm} verify, curfew`, () => {
    const token = tokens[next++ % tokens.length]
    if (token === undefined) throw new Error('there are no tokens to verify')
    const verdict = access.verify(token)
    if (verdict.kind !== 'valid') throw new Error(`a token of our own is ${verdict.why}`)
  })
}

/** A new string of the same characters: a server never sees the same object twice. */
function asReceived(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

/** Operations of microseconds: one look at the clock for this many. */
const batch = 16

export function repeated(name: string, act: () => unknown): Contestant {
  return batched(name, async () => {
    for (let i = 0; i < batch; i++) act()
    return true
  })
}

export function awaited(name: string, act: () => Promise<unknown>): Contestant {
  return batched(name, async () => {
    for (let i = 0; i < batch; i++) await act()
    return true
  })
}

function batched(name: string, act: Act): Contestant {
  const window: Contestant['window'] = async (windowMs) => {
    const { acts, seconds, allActs } = await callersWindow(1, act, windowMs)
    return { acts: acts * batch, seconds, latenciesUs: [], allActs: allActs * batch }
  }
  return { name, window }
}
