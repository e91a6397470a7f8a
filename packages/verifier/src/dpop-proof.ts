/*
 * What a DPoP proof must be (RFC 9449, section 4.3), apart from its single use, which is its caller's to
 * ask: with `id` and `rememberUntilMs` of a good one. Nothing here reads a clock or remembers anything.
 */
import {
  calculateJwkThumbprint,
  compactVerify,
  decodeProtectedHeader,
  EmbeddedJWK,
  errors,
  type JWK,
} from 'jose'

/** What proofs may be signed with; nothing symmetric, and never `none`. */
export const proofAlgorithms: readonly string[] = ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256']

/** How far the `iat` of a proof may lie from now, in either direction. */
const windowMs = 60_000
const proofLengthMax = 8192
const jtiLengthMax = 256
/** RSA of 4096 bits and a short exponent: checking a signature has to stay cheap. */
const rsaModulusMax = 683
const rsaExponentMax = 6

export interface ProofOrder {
  readonly proof: string
  readonly method: string
  /** Where the request was sent, as its sender names it: one of these. Query and fragment do not count. */
  readonly urls: readonly string[]
  /** The token that the proof is sent with; undefined at a token endpoint. */
  readonly accessToken?: string | undefined
  readonly nowMs: number
  /** Server-provided nonces (section 8); undefined: there are none here, and a nonce means nothing. */
  readonly nonces?: Nonces | undefined
}

export interface Nonces {
  readonly required: boolean
  /** Until when this nonce is good; undefined: it is not. */
  goodUntilMs(nonce: string): number | undefined
}

export type ProofVerdict =
  | {
      readonly kind: 'good'
      /** The thumbprint of the key (RFC 7638). */
      readonly jkt: string
      /** Names the proof among all. */
      readonly id: string
      readonly rememberUntilMs: number
    }
  | { readonly kind: 'bad'; readonly why: string; readonly fault: ProofFault }
  /** Good but for its nonce, which is missing or not good any more. */
  | { readonly kind: 'nonce-wanted' }

export type ProofFault = 'malformed' | 'wrong' | 'stale' | 'future'

export async function checkProof(order: ProofOrder): Promise<ProofVerdict> {
  const { proof } = order
  if (proof.length > proofLengthMax) return bad('malformed', 'it is too long')
  const signed = await verified(proof)
  if ('kind' in signed) return signed
  const { claims, jkt } = signed
  const problem = placeProblem(claims, order) ?? (await tokenProblem(claims, order))
  if (problem !== undefined) return bad('wrong', problem)
  const { jti, iat } = claims
  if (typeof jti !== 'string' || jti === '' || jti.length > jtiLengthMax) {
    return bad('malformed', 'it has no usable jti')
  }
  if (typeof iat !== 'number' || !Number.isFinite(iat)) return bad('malformed', 'it has no iat')
  const fresh = freshness(claims, iat * 1000, order)
  if ('kind' in fresh) return fresh
  return { kind: 'good', jkt, id: await digest(`${jkt} ${jti}`), ...fresh }
}

interface Signed {
  readonly claims: Readonly<Record<string, unknown>>
  readonly jkt: string
}

async function verified(proof: string): Promise<Signed | Extract<ProofVerdict, { kind: 'bad' }>> {
  try {
    const { jwk, typ } = decodeProtectedHeader(proof)
    if (!/^(?:application\/)?dpop\+jwt$/i.test(typ ?? ''))
      return bad('malformed', 'its typ is another')
    if (jwk === undefined || !isPublic(jwk)) return bad('malformed', 'its jwk is no public key')
    if (isLarge(jwk)) return bad('malformed', 'its key is too large')
    const { payload } = await compactVerify(proof, EmbeddedJWK, {
      algorithms: [...proofAlgorithms],
    })
    const claims: unknown = JSON.parse(new TextDecoder().decode(payload))
    if (typeof claims !== 'object' || claims === null) return bad('malformed', 'it has no claims')
    return { claims: { ...claims }, jkt: await calculateJwkThumbprint(jwk) }
  } catch (error) {
    const wrong = error instanceof errors.JWSSignatureVerificationFailed
    return wrong
      ? bad('wrong', 'its key has not signed it')
      : bad('malformed', 'it is no dpop+jwt of an accepted algorithm')
  }
}

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv']

function isPublic(jwk: JWK): boolean {
  return jwk.kty !== 'oct' && !privateMembers.some((name) => name in jwk)
}

function isLarge({ n, e }: JWK): boolean {
  return String(n ?? '').length > rsaModulusMax || String(e ?? '').length > rsaExponentMax
}

/** Sections 4.2 and 4.3: `htm` is case-sensitive, `htu` is compared without query and fragment. */
function placeProblem(
  { htm, htu }: Signed['claims'],
  { method, urls }: ProofOrder,
): string | undefined {
  if (htm !== method) return 'its htm is another method'
  const named = typeof htu === 'string' ? normalisedUrl(htu) : undefined
  if (named === undefined) return 'its htu is no URL'
  return urls.some((url) => normalisedUrl(url) === named) ? undefined : 'its htu is another URL'
}

async function tokenProblem(
  { ath }: Signed['claims'],
  { accessToken }: ProofOrder,
): Promise<string | undefined> {
  if (accessToken === undefined) return undefined
  return ath === (await digest(accessToken)) ? undefined : 'its ath is of another token'
}

/** A nonce of ours says when the proof was made better than the clock of whoever made it. */
function freshness(
  { nonce }: Signed['claims'],
  iatMs: number,
  { nowMs, nonces }: ProofOrder,
): { readonly rememberUntilMs: number } | Exclude<ProofVerdict, { kind: 'good' }> {
  if (nonces !== undefined && (nonces.required || nonce !== undefined)) {
    const until = typeof nonce === 'string' ? nonces.goodUntilMs(nonce) : undefined
    return until === undefined ? { kind: 'nonce-wanted' } : { rememberUntilMs: until }
  }
  if (iatMs < nowMs - windowMs) return bad('stale', 'it was made too long ago')
  if (iatMs > nowMs + windowMs) return bad('future', 'it was made in the future')
  return { rememberUntilMs: iatMs + windowMs + 1000 }
}

/**
 * RFC 3986, sections 6.2.2 and 6.2.3: case, default ports, dot segments, and escapes of what needs none.
 * Undefined: it is no URL of a resource.
 */
function normalisedUrl(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) return undefined
  if (url.username !== '' || url.password !== '') return undefined
  const path = url.pathname.replace(/%[\da-f]{2}/gi, (escaped) => {
    const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
    return /[\w.~-]/.test(character) ? character : escaped.toUpperCase()
  })
  return url.origin + path
}

/** SHA-256 in base64url. */
async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(
    await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)),
  )
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')
}

function bad(fault: ProofFault, why: string): Extract<ProofVerdict, { kind: 'bad' }> {
  return { kind: 'bad', fault, why }
}
