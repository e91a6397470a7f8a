/* Whether a JWT of a provider is an ID token at all, and for whom it was made. */
import type { JWTHeaderParameters, JWTPayload } from 'jose'

/** RFC 8725, section 3.11: an ID token says nothing, or that it is a JWT. */
const typesAccepted = ['jwt', 'application/jwt']
/** What an ID token never has: of access tokens, logout tokens, and tokens that need a proof besides. */
const foreignClaims = [
  ...['scope', 'scp', 'events', 'cnf', 'cid', 'gty'],
  // Microsoft's access tokens have the same typ and audience as its ID tokens.
  ...['appid', 'appidacr', 'azpacr', 'idtyp'],
]
/** How Keycloak and Cognito name the kind within. */
const kindClaims = ['typ', 'token_use']

/** What speaks against an ID token; undefined: nothing. */
export function kindProblem(
  { typ = 'jwt' }: JWTHeaderParameters,
  payload: JWTPayload,
): string | undefined {
  if (!typesAccepted.includes(typ.toLowerCase())) return 'its typ is of another kind of token'
  const trait = foreignClaims.find((name) => payload[name] !== undefined)
  if (trait !== undefined) return `it has ${trait}, so it is no ID token`
  const kinds = kindClaims.map((name) => payload[name]).filter((kind) => kind !== undefined)
  const other = kinds.some((kind) => String(kind).toLowerCase() !== 'id')
  return other ? 'it is of another kind of token' : undefined
}

/**
 * Rule 32, and OpenID Connect Core, section 3.1.3.7: every audience is one that was named, none is a
 * client id of ours, and neither is the party that it was issued to. An `azp` beside a single audience may
 * be anybody else: Google names the app there, and the app's backend as the audience.
 */
export function partyProblem(
  { aud, azp }: JWTPayload,
  exchangeAudiences: readonly string[],
  own: readonly string[],
): string | undefined {
  const audience: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  const named = audience.filter((one): one is string => typeof one === 'string')
  if (named.length < audience.length || named.length === 0) return 'its aud is no audience'
  if (named.some((one) => own.includes(one)) || own.includes(String(azp))) {
    return 'it was made for Curfew itself'
  }
  if (!named.every((one) => exchangeAudiences.includes(one))) {
    return 'its audience is none of exchangeAudiences'
  }
  if (named.length === 1) return undefined
  return typeof azp === 'string' && named.includes(azp)
    ? undefined
    : 'it has several audiences, and its azp is none of them'
}
