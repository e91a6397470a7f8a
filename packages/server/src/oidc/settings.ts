import type { Secret } from '#domain'

export type ProviderPreset =
  | 'generic'
  | 'google'
  | 'microsoft'
  | 'auth0'
  | 'okta'
  | 'keycloak'
  | 'cognito'
  | 'gitlab'
  | 'zitadel'
  | 'authentik'
  | 'github'

export type ClaimSource = 'id_token' | 'userinfo' | 'access_token'

export type ProviderAuth =
  | { readonly kind: 'none' }
  | { readonly kind: 'secret'; readonly secret: Secret }
  /** PEM or JWK, for private_key_jwt. */
  | { readonly kind: 'privateKey'; readonly key: Secret }

/** Who may sign in: users or domains, and roles, and claims; an empty list lets everyone through. */
export interface AllowList {
  readonly domains: readonly string[]
  readonly users: readonly string[]
  readonly roles: readonly string[]
  readonly claims: Readonly<Record<string, readonly (string | number | boolean)[]>>
}

/** One configured provider in plain values; main hands over what the configuration says. */
export interface ProviderSettings {
  readonly id: string
  readonly issuer: string
  /** Where it is reached, when that differs from the issuer. */
  readonly internalUrl: string | null
  /** PEM of a private authority. */
  readonly ca: string | null
  readonly preset: ProviderPreset
  readonly clientId: string
  readonly auth: ProviderAuth
  readonly scopes: readonly string[]
  readonly uid: string
  readonly rolesClaims: readonly string[]
  readonly claimsFrom: readonly ClaimSource[]
  readonly trustEmail: boolean
  readonly maxRefreshTokenAgeMs: number | null
  readonly graceOnFaultMs: number
  readonly timeoutMs: number
  /** Whose ID tokens may be exchanged for a session; none of them is `clientId` (rule 32). */
  readonly exchangeAudiences: readonly string[]
  readonly allow: AllowList
}

/** HTTPS_PROXY, HTTP_PROXY and NO_PROXY as the environment of the process has them. */
export type ProxyEnvironment = Readonly<Record<string, string | undefined>>
