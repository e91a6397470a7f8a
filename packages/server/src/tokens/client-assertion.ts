/*
 * `private_key_jwt`: a client proves itself by a JWT that it signs (RFC 7523, section 3; OpenID
 * Connect Core, section 9). Its `exp` lies at most five minutes ahead and its `jti` is good once: the
 * caller asks the OnceStore, with the `jti` and the time that stand in the verdict.
 */
import {
  createLocalJWKSet,
  decodeJwt,
  errors,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose'
import type { Clock } from '#authority'
import { addMs, type ClientId, type Instant, instant, parseClientId } from '#domain'
import { ClientJwks, ClientKeysUnavailable, type KeysFetch } from './client-jwks.ts'

const lifeMaxMs = 300_000
/** Clients' clocks: an `exp`, `nbf` or `iat` may be off by so much. A past `exp` is always refused. */
const leewayMs = 60_000
const jtiLengthMax = 256
const assertionLengthMax = 16_384
const algorithms = ['ES256', 'ES384', 'EdDSA', 'Ed25519', 'PS256', 'RS256']

export type ClientKeys =
  | { readonly kind: 'jwks'; readonly jwks: JSONWebKeySet }
  | { readonly kind: 'jwks-uri'; readonly uri: string }

export type AssertionVerdict =
  | {
      readonly kind: 'accepted'
      readonly jti: string
      /** Until then the `jti` must be remembered. */
      readonly expiresAt: Instant
    }
  | { readonly kind: 'rejected'; readonly why: AssertionFault }
  /** The keys behind `jwksUri` cannot be read: 503. */
  | { readonly kind: 'keys-unavailable' }

export type AssertionFault =
  | 'malformed'
  | 'bad_signature'
  | 'wrong_issuer'
  | 'wrong_audience'
  | 'expired'
  | 'not_yet_valid'
  | 'lives_too_long'
  | 'no_jti'

export interface ClientAssertionsOptions {
  /** What `aud` may name: the issuer and the token endpoint. Any other audience is refused. */
  readonly audiences: readonly string[]
  readonly clock: Pick<Clock, 'now'>
  /** Reads what `jwksUri` names, through the proxy of the environment where there is one. */
  readonly fetch: KeysFetch
}

export interface ClientAssertions {
  verify(client: ClientId, keys: ClientKeys, assertion: string): Promise<AssertionVerdict>
}

/** The client that an assertion claims to come from, unproved: it only finds the keys to try. */
export function claimedClient(assertion: string): ClientId | undefined {
  if (assertion.length > assertionLengthMax) return undefined
  try {
    const { sub } = decodeJwt(assertion)
    return typeof sub === 'string' ? parseClientId(sub) : undefined
  } catch {
    // Not a JWT: it names nobody.
    return undefined
  }
}

export function createClientAssertions(options: ClientAssertionsOptions): ClientAssertions {
  const remote = new Map<string, ClientJwks>()

  function keysAt(uri: string): ClientJwks {
    const known = remote.get(uri)
    if (known !== undefined) return known
    const source = new ClientJwks({ uri, clock: options.clock, fetch: options.fetch })
    remote.set(uri, source)
    return source
  }

  function keySource(keys: ClientKeys): JWTVerifyGetKey {
    if (keys.kind === 'jwks') return createLocalJWKSet(keys.jwks)
    const source = keysAt(keys.uri)
    return (header, token) => source.find(header, token)
  }

  return {
    async verify(client: ClientId, keys: ClientKeys, assertion: string): Promise<AssertionVerdict> {
      if (assertion.length > assertionLengthMax) return rejected('malformed')
      const now = options.clock.now()
      try {
        const { payload } = await jwtVerify(assertion, keySource(keys), {
          algorithms,
          issuer: client,
          subject: client,
          requiredClaims: ['iss', 'sub', 'aud', 'exp'],
          clockTolerance: leewayMs / 1000,
          currentDate: new Date(now),
        })
        return judge(payload, options.audiences, now)
      } catch (error) {
        return faultOf(error)
      }
    },
  }
}

/** What jose does not judge, or judges with more patience than we have. */
function judge(payload: JWTPayload, audiences: readonly string[], now: Instant): AssertionVerdict {
  const { aud, exp, iat, jti } = payload
  const named = typeof aud === 'string' ? [aud] : (aud ?? [])
  // An assertion that is also good elsewhere could be used here by whoever received it there.
  if (named.length === 0 || !named.every((entry) => audiences.includes(entry))) {
    return rejected('wrong_audience')
  }
  if (typeof jti !== 'string' || jti === '' || jti.length > jtiLengthMax) return rejected('no_jti')
  const expMs = Math.ceil((exp ?? 0) * 1000)
  if (now >= expMs) return rejected('expired')
  if (expMs > now + lifeMaxMs + leewayMs) return rejected('lives_too_long')
  if (iat !== undefined && iat * 1000 > now + leewayMs) return rejected('not_yet_valid')
  return { kind: 'accepted', jti, expiresAt: addMs(instant(expMs), leewayMs) }
}

function faultOf(error: unknown): AssertionVerdict {
  if (error instanceof ClientKeysUnavailable) return { kind: 'keys-unavailable' }
  if (error instanceof errors.JWTExpired) return rejected('expired')
  if (error instanceof errors.JWTClaimValidationFailed) return rejected(faultyClaim(error.claim))
  if (error instanceof errors.JWSSignatureVerificationFailed) return rejected('bad_signature')
  if (isKeyFault(error)) return rejected('bad_signature')
  // Whatever else jose finds: not a JWT, an algorithm that is not ours, a broken key. Refused.
  return rejected('malformed')
}

function isKeyFault(error: unknown): boolean {
  const noKey = error instanceof errors.JWKSNoMatchingKey
  return noKey || error instanceof errors.JWKSMultipleMatchingKeys
}

function faultyClaim(claim: string): AssertionFault {
  switch (claim) {
    case 'iss':
    case 'sub':
      return 'wrong_issuer'
    case 'aud':
      return 'wrong_audience'
    case 'nbf':
    case 'iat':
      return 'not_yet_valid'
    default:
      return 'malformed'
  }
}

function rejected(why: AssertionFault): AssertionVerdict {
  return { kind: 'rejected', why }
}
