/*
 * Access tokens: RFC 9068 JWTs, signed and verified with node:crypto and key objects, which is several
 * times cheaper on the request path than a general library. `verify` says whether a token is ours and
 * in time; whether its session has ended is never asked here.
 */
import { LRUCache } from 'lru-cache'
import type { AccessClaims, AccessTokens, AccessVerdict, Clock } from '#authority'
import { type Instant, parseSessionId } from '#domain'
import { readAccessClaims } from './access-claims.ts'
import { type CompactJws, encodeJson, parseCompactJws, parseJsonObject } from './compact-jws.ts'
import { isSignedBy, keyOf, signatureOf, signer } from './jws-signature.ts'
import type { SigningKey } from './signing-key.ts'
import type { SigningKeys } from './signing-keys.ts'

/** Longer ones are refused unread. Ours are under 2 KB, unless the claims that are copied are huge. */
const tokenLengthMax = 16_384
/** Times 2 KB: at most some 8 MB. What falls out is verified again. */
const verifiedMax = 4096
/** For `nbf` and `iat` only; `exp` has none (rule 39). */
const leewayMs = 60_000

export interface AccessTokensOptions {
  readonly issuer: string
  readonly keys: Pick<SigningKeys, 'current' | 'byKid'>
  readonly clock: Pick<Clock, 'now'>
  /** A token names a key that is not loaded. Perhaps another replica has just made it: load soon. */
  readonly onUnknownKey?: (kid: string) => void
}

type Invalid = Extract<AccessVerdict, { kind: 'invalid' }>
type Valid = Extract<AccessVerdict, { kind: 'valid' }>

interface Verified {
  readonly token: string
  readonly key: SigningKey
  readonly verdict: Valid
}

export function createAccessTokens(options: AccessTokensOptions): AccessTokens {
  const { keys, clock } = options
  const verified = new LRUCache<string, Verified>({ max: verifiedMax })
  const headers = new WeakMap<SigningKey, string>()

  return {
    sign(claims: AccessClaims, kid: string): string {
      const key = signer(keys, kid, clock.now())
      let header = headers.get(key)
      if (header === undefined) {
        header = encodeJson({ alg: key.algorithm, typ: 'at+jwt', kid: key.kid })
        headers.set(key, header)
      }
      const signingInput = `${header}.${encodeJson(claims)}`
      return `${signingInput}.${signatureOf(signingInput, key)}`
    },

    verify(token: string): AccessVerdict {
      // The signature alone is the key, as hashing all of the token costs more; the whole is compared.
      const signaturePart = token.slice(token.lastIndexOf('.') + 1)
      const known = verified.get(signaturePart)
      if (known?.token === token && keys.byKid(known.key.kid) === known.key) {
        return inTime(known.verdict, clock.now())
      }
      const fresh = verifyAnew(token, options)
      if (fresh.kind === 'invalid') return fresh
      verified.set(signaturePart, fresh)
      return inTime(fresh.verdict, clock.now())
    },

    currentKid(): string {
      return keys.current(clock.now()).kid
    },
  }
}

/** All but the times, which change while the token does not. */
function verifyAnew(
  token: string,
  options: AccessTokensOptions,
): Invalid | (Verified & { readonly kind: 'verified' }) {
  if (token.length > tokenLengthMax) return invalid('malformed')
  const jws = parseCompactJws(token)
  if (jws === undefined || !isAccessTokenHeader(jws.header)) return invalid('malformed')
  const key = keyOf(jws, options)
  if (key === undefined || !isSignedBy(jws, key)) return invalid('bad_signature')
  const verdict = judgeClaims(jws.payload, options.issuer)
  return verdict.kind === 'invalid' ? verdict : { kind: 'verified', token, key, verdict }
}

/** RFC 9068, section 4: `typ`; RFC 7515, section 4.1.11: we understand no critical extension. */
function isAccessTokenHeader(header: CompactJws['header']): boolean {
  const { typ } = header
  if (typeof typ !== 'string' || 'crit' in header) return false
  const type = typ.toLowerCase()
  return type === 'at+jwt' || type === 'application/at+jwt'
}

function judgeClaims(payload: Buffer, issuer: string): Invalid | Valid {
  const object = parseJsonObject(payload)
  const claims = object && readAccessClaims(object)
  if (claims === undefined) return invalid('malformed')
  if (claims.iss !== issuer) return invalid('wrong_issuer')
  // Rule 15: the token that the gateway hands to an application is not good here.
  if (!claims.aud.includes(issuer)) return invalid('wrong_audience')
  const sid = parseSessionId(claims.sid)
  return sid === undefined ? invalid('malformed') : { kind: 'valid', claims, sid }
}

function inTime(verdict: Valid, now: Instant): AccessVerdict {
  const { exp, nbf, iat } = verdict.claims
  if (now >= exp * 1000) return invalid('expired')
  const latest = now + leewayMs
  return nbf * 1000 > latest || iat * 1000 > latest ? invalid('not_yet_valid') : verdict
}

function invalid(why: Invalid['why']): Invalid {
  return { kind: 'invalid', why }
}
