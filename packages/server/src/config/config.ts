import type { ClientId, DevicePolicy, Json, Secret, Uid } from '#domain'
import type { ListenAddress } from './addresses.ts'

/** The configuration as the server uses it: plain, frozen values, every default filled in. */
export interface Config {
  readonly server: ServerConfig
  readonly store: StoreConfig
  readonly redis: RedisConfig | null
  /** The key ring, each 32 bytes in base64url: the first signs and seals, all verify and unseal. */
  readonly secrets: readonly [Secret, ...Secret[]]
  readonly identityProviders: readonly IdentityProviderConfig[]
  readonly users: readonly UserConfig[]
  readonly clients: readonly ClientConfig[]
  readonly tokens: TokensConfig
  readonly sessions: SessionsConfig
  readonly gateway: GatewayConfig
  readonly revocation: RevocationConfig
  readonly webhooks: readonly WebhookConfig[]
  readonly effects: EffectsConfig
  readonly cors: { readonly origins: readonly string[] }
  readonly limits: LimitsConfig
  readonly audit: { readonly retentionMs: number }
  readonly pages: PagesConfig
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

export interface ServerConfig {
  /** The issuer: publicUrl without a trailing slash. */
  readonly publicUrl: string
  readonly origin: string
  /** The path of publicUrl, `''` or `/auth`: all routes lie below it. */
  readonly basePath: string
  /** publicUrl is https: cookies are Secure. */
  readonly secure: boolean
  readonly listen: ListenAddress
  readonly metricsListen: ListenAddress | null
  readonly adminListen: ListenAddress | null
  /** CIDRs. */
  readonly trustedProxies: readonly string[]
  readonly shutdownDelayMs: number
  readonly workers: number
  readonly logLevel: LogLevel
}

export type StoreConfig =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: Secret }

export type RedisConfig =
  | (RedisShared & { readonly kind: 'single'; readonly url: Secret })
  | (RedisShared & { readonly kind: 'cluster'; readonly urls: readonly Secret[] })
  | (RedisShared & {
      readonly kind: 'sentinel'
      readonly master: string
      readonly nodes: readonly Secret[]
      readonly username: string | null
      readonly password: Secret | null
    })

interface RedisShared {
  readonly keyPrefix: string
  /** PEM of the private authorities that sign the servers' certificates. */
  readonly ca: string | null
}

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
export type ClaimValue = string | number | boolean
/** For each claim the values of which one must hold. */
export type ClaimConditions = Readonly<Record<string, readonly ClaimValue[]>>

export interface IdentityProviderConfig {
  readonly id: string
  readonly issuer: string
  readonly internalUrl: string | null
  /** PEM. */
  readonly ca: string | null
  readonly preset: ProviderPreset
  readonly clientId: string
  readonly auth:
    | { readonly kind: 'none' }
    | { readonly kind: 'secret'; readonly secret: Secret }
    | { readonly kind: 'privateKey'; readonly key: Secret }
  readonly scopes: readonly string[]
  /** A template over claims. */
  readonly uid: string
  readonly rolesClaims: readonly string[]
  readonly claimsFrom: readonly ClaimSource[]
  readonly trustEmail: boolean
  /** Null: refresh tokens are tried at any age. */
  readonly maxRefreshTokenAgeMs: number | null
  readonly graceOnFaultMs: number
  readonly timeoutMs: number
  readonly exchangeAudiences: readonly string[]
  readonly allow: {
    readonly domains: readonly string[]
    readonly users: readonly string[]
    readonly roles: readonly string[]
    readonly claims: ClaimConditions
  }
}

/** One is never taken for the other (rule 17). The e-mail address is in lower case. */
export type UserMatch =
  | { readonly kind: 'uid'; readonly uid: Uid }
  | { readonly kind: 'email'; readonly idp: string; readonly email: string }

export interface UserConfig {
  readonly match: UserMatch
  readonly roles: readonly string[]
}

export type GrantType =
  | 'authorization_code'
  | 'refresh_token'
  | 'client_credentials'
  | 'urn:ietf:params:oauth:grant-type:device_code'
  | 'urn:ietf:params:oauth:grant-type:token-exchange'

export type ClientAuth =
  | { readonly kind: 'none' }
  | { readonly kind: 'secret'; readonly secrets: readonly [Secret, ...Secret[]] }
  | { readonly kind: 'jwks'; readonly keys: readonly Readonly<Record<string, Json>>[] }
  | { readonly kind: 'jwksUri'; readonly url: string }

export interface ClientConfig {
  readonly id: ClientId
  /** `none` is a public client. */
  readonly auth: ClientAuth
  readonly roles: readonly string[]
  readonly mayGrant: readonly string[]
  readonly mayStartAdmins: boolean
  readonly grants: readonly GrantType[]
  readonly redirectUris: readonly string[]
  readonly postLogoutRedirectUris: readonly string[]
  /** With the origins of redirectUris. */
  readonly origins: readonly string[]
  /** The class of its sessions. */
  readonly device: string
  /** The class of its sessions from the device grant. */
  readonly deviceGrantDevice: string
  /** Null: as the class and the global setting say. */
  readonly accessTtlSeconds: number | null
  readonly scopes: readonly string[]
  /** `false`, `true` and `nonce` in the file. */
  readonly dpop: 'offered' | 'required' | 'nonce'
}

export interface TokensConfig {
  readonly accessTtlSeconds: number
  readonly refreshTtlMs: number
  readonly refreshGraceMs: number
  readonly algorithm: 'ES256' | 'EdDSA' | 'RS256'
  readonly audience: readonly string[]
  readonly claims: readonly string[]
  readonly keyActivationDelayMs: number
}

export interface DeviceClassConfig {
  readonly name: string
  readonly policy: DevicePolicy
  readonly idleTtlMs: number
  readonly absoluteTtlMs: number
  readonly lostResponseMs: number
  readonly accessTtlSeconds: number | null
}

export interface SessionsConfig {
  readonly absoluteTtlMs: number
  readonly idleTtlMs: number
  /** By name; it has no prototype, so any text may be looked up. */
  readonly devices: Readonly<Record<string, DeviceClassConfig>>
  readonly keepEndedMs: number
}

export type HeaderTemplates = readonly { readonly name: string; readonly template: string }[]

export type RuleRequirement =
  | { readonly kind: 'none' }
  | { readonly kind: 'session' }
  | {
      readonly kind: 'conditions'
      readonly roles: readonly string[] | null
      readonly allRoles: readonly string[] | null
      readonly users: readonly string[] | null
      readonly claims: ClaimConditions | null
      readonly idp: string | null
      readonly acr: readonly string[] | null
      readonly maxAgeSeconds: number | null
    }

export type BearerPolicy =
  | { readonly kind: 'curfew' }
  | { readonly kind: 'ignore' }
  | {
      readonly kind: 'issuers'
      readonly issuers: readonly { readonly issuer: string; readonly audience: readonly string[] }[]
    }

export interface GatewayRule {
  /** In lower case; exact, or `*.` and a host. */
  readonly hosts: readonly string[]
  readonly paths: readonly string[] | null
  readonly methods: readonly string[] | null
  readonly require: RuleRequirement
  readonly idp: string | null
  readonly bearer: BearerPolicy
  readonly audience: string | null
  readonly headers: HeaderTemplates | null
  readonly preflight: 'allow' | 'deny'
}

export interface GatewayConfig {
  readonly cookie: {
    readonly name: string
    readonly domain: string | null
    readonly sameSite: 'lax' | 'strict' | 'none'
  }
  readonly prefix: string
  readonly listen: ListenAddress | null
  readonly returnTo: readonly string[]
  readonly rules: readonly GatewayRule[]
  readonly headers: HeaderTemplates
}

export interface RevocationConfig {
  readonly pullIntervalMs: number
  readonly maxStalenessMs: number
  readonly onStale: 'reject' | 'accept'
  readonly channel: string
  readonly retentionMs: number
}

export interface WebhookConfig {
  readonly url: string
  /** All of them sign. */
  readonly secrets: readonly Secret[]
  readonly events: readonly ('session.started' | 'session.ended')[]
}

export interface EffectsConfig {
  readonly giveUpAfterMs: number
}

/** A token bucket: it holds `burst` and regains `perSecond` every second. */
export interface RateLimit {
  readonly perSecond: number
  readonly burst: number
}

/** Null: off. */
export interface LimitsConfig {
  readonly tokenRequestsPerSession: RateLimit | null
  readonly tokenRequestsPerAddress: RateLimit | null
  readonly failedClientAuth: RateLimit | null
  readonly sessionStarts: RateLimit | null
  readonly signIns: RateLimit | null
  readonly deviceAuthorizations: RateLimit | null
  readonly userCodeGuesses: RateLimit | null
  readonly unknownKeys: RateLimit | null
  readonly eventStreamsPerCaller: number
  readonly eventStreams: number
}

/**
 * The shortest of client, class and global holds, and half of the idle limit: whoever refreshes when a token
 * has run out must not find that the session has, too.
 */
export function accessTtlSeconds(
  config: Config,
  client: ClientConfig | undefined,
  device: DeviceClassConfig | undefined,
): number {
  const global = config.tokens.accessTtlSeconds
  const idleTtlMs = device?.idleTtlMs ?? config.sessions.idleTtlMs
  return Math.min(
    global,
    client?.accessTtlSeconds ?? global,
    device?.accessTtlSeconds ?? global,
    Math.max(1, Math.floor(idleTtlMs / 2000)),
  )
}

export interface PagesConfig {
  readonly name: string
  /** A `data:` URL of an image. */
  readonly logo: string | null
  readonly theme: {
    readonly radiusPx: number
    readonly light: PageColours
    readonly dark: PageColours
  }
  readonly defaultLanguage: 'en' | 'de'
}

/** As `#rrggbb`. */
interface PageColours {
  readonly accent: string | null
  readonly ground: string | null
  readonly card: string | null
  readonly text: string | null
}
