import type { Claims, LiveSession, MintedAccess } from '#domain'
import type { IdClaims } from './token-ports.ts'

/** OpenID Connect Core, section 5.4. */
const claimsOfScope: Readonly<Record<string, readonly string[]>> = {
  profile: [
    ...['name', 'family_name', 'given_name', 'middle_name', 'nickname', 'preferred_username'],
    ...['profile', 'picture', 'website', 'gender', 'birthdate', 'zoneinfo', 'locale'],
    'updated_at',
  ],
  email: ['email', 'email_verified'],
  address: ['address'],
  phone: ['phone_number', 'phone_number_verified'],
}

/** For the metadata. */
export const identityScopes: readonly string[] = ['openid', ...Object.keys(claimsOfScope)]
export const identityClaims: readonly string[] = [
  ...['iss', 'sub', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'sid', 'acr', 'amr', 'at_hash'],
  ...Object.values(claimsOfScope).flat(),
]

export interface IdClaimsOrder {
  readonly issuer: string
  readonly minted: MintedAccess
  readonly scope: string
  readonly nonce: string | null
}

/** OpenID Connect Core, section 2: as old as the access token beside it, and good for as long. */
export function idClaims({ origin, grants }: LiveSession, order: IdClaimsOrder): IdClaims {
  const { issuer, minted, scope, nonce } = order
  return {
    ...scopedClaims(grants.claims, scope),
    iss: issuer,
    sub: origin.uid,
    aud: origin.clientId,
    exp: minted.exp,
    iat: minted.iat,
    auth_time: origin.authTime,
    sid: origin.sid,
    ...(nonce === null ? {} : { nonce }),
    ...(origin.acr === null ? {} : { acr: origin.acr }),
    ...(origin.amr === null ? {} : { amr: origin.amr }),
  }
}

/** What the scopes let a client know of the person. */
export function scopedClaims(claims: Claims, scope: string): Claims {
  const names = scope.split(' ').flatMap((one) => namesOf(one))
  const own = names.filter((name) => Object.hasOwn(claims, name))
  return Object.fromEntries(own.map((name) => [name, claims[name] ?? null]))
}

export function hasScope(scope: string, wanted: string): boolean {
  return scope.split(' ').includes(wanted)
}

function namesOf(scope: string): readonly string[] {
  return Object.hasOwn(claimsOfScope, scope) ? (claimsOfScope[scope] ?? []) : []
}
