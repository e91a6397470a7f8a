/*
 * What the room is configured with. Plain values of the same shape as `GatewayConfig` and `GatewayRule`
 * in config/config.ts, which main hands over as they are: rooms do not import the configuration.
 */

export type HeaderTemplates = readonly { readonly name: string; readonly template: string }[]

export type ClaimConditions = Readonly<Record<string, readonly (string | number | boolean)[]>>

/** Null: not asked. Of several conditions all must hold. */
export interface Conditions {
  readonly kind: 'conditions'
  readonly roles: readonly string[] | null
  readonly allRoles: readonly string[] | null
  readonly users: readonly string[] | null
  readonly claims: ClaimConditions | null
  readonly idp: string | null
  readonly acr: readonly string[] | null
  readonly maxAgeSeconds: number | null
}

export type Requirement = { readonly kind: 'none' } | { readonly kind: 'session' } | Conditions

export type BearerPolicy =
  | { readonly kind: 'curfew' }
  | { readonly kind: 'ignore' }
  | {
      readonly kind: 'issuers'
      readonly issuers: readonly { readonly issuer: string; readonly audience: readonly string[] }[]
    }

export interface RuleSettings {
  /** In lower case: exact, or `*.` and a host; with a port it is for that port alone. */
  readonly hosts: readonly string[]
  readonly paths: readonly string[] | null
  readonly methods: readonly string[] | null
  readonly require: Requirement
  readonly idp: string | null
  readonly bearer: BearerPolicy
  readonly audience: string | null
  readonly headers: HeaderTemplates | null
  readonly preflight: 'allow' | 'deny'
}

export interface CookieSettings {
  readonly name: string
  readonly domain: string | null
  readonly sameSite: 'lax' | 'strict' | 'none'
}

export interface GatewaySettings {
  readonly cookie: CookieSettings
  readonly prefix: string
  readonly returnTo: readonly string[]
  readonly rules: readonly RuleSettings[]
  readonly headers: HeaderTemplates
}

/** Where browsers reach Curfew itself; the same three fields as in `ServerConfig`. */
export interface PublicPlace {
  /** Without a trailing slash. */
  readonly publicUrl: string
  readonly origin: string
  /** publicUrl is https: cookies are Secure, and applications are taken to be on https too. */
  readonly secure: boolean
}
