import type { ClientId, KeyId, Salt, SessionId, TokenId, Uid } from './ids.ts'
import type { EndReason } from './reasons.ts'
import type { EpochSeconds, Instant } from './time.ts'

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json }
export type Claims = Readonly<Record<string, Json>>

/** Who signed in, where and through what. Fixed at the start. */
export interface Origin {
  readonly sid: SessionId
  readonly uid: Uid
  readonly clientId: ClientId
  /** The device class, such as `app`. */
  readonly device: string
  readonly deviceId: string | null
  /** At most one live session per user and slot; null where the policy allows any number. */
  readonly slot: string | null
  /** The session that approved this one (rule 31). */
  readonly parentSid: SessionId | null
  readonly createdAt: Instant
  readonly absoluteExpiresAt: Instant
  readonly authTime: EpochSeconds
  readonly amr: readonly string[] | null
  readonly acr: string | null
  readonly salt: Salt
}

/** What the user and the network say about the device; shown, never judged (rule 10). */
export interface Profile {
  readonly deviceName: string | null
  readonly ip: string | null
  readonly userAgent: string | null
}

/** When it was used last, and until when it lives unused. */
export interface Life {
  readonly lastSeenAt: Instant
  readonly idleExpiresAt: Instant
}

/** What the session may do. `version` grows with every change, so that a token tells if it is behind. */
export interface Grants {
  readonly version: number
  /** Never a reserved role: those come from the configuration at each use (rule 17). */
  readonly roles: readonly string[]
  readonly claims: Claims
  readonly scope: string
}

/** One access token as the row remembers it; enough to derive the same token again. */
export interface MintedAccess {
  readonly jti: TokenId
  readonly iat: EpochSeconds
  readonly exp: EpochSeconds
  /** The `kid` of the signing key. */
  readonly keyId: string
  readonly grantsVersion: number
}

/** The refresh token's generation, and the access token that its last rotation minted. */
export interface Rotation {
  readonly generation: number
  readonly rotatedAt: Instant
  /** The secret that derived the newest refresh token. */
  readonly keyId: KeyId
  /** RFC 9449 thumbprint of the key that the refresh token is bound to. */
  readonly dpopThumbprint: string | null
  readonly minted: MintedAccess
}

/** What verifiers must be told when the session ends: the newest token and the latest expiry of all. */
export interface AccessLedger {
  readonly newest: MintedAccess | null
  readonly latestExp: EpochSeconds
}

/** The opaque session token and cookie: bumped on re-authentication and key retirement (rule 12). */
export interface SessionTokenState {
  readonly generation: number
  readonly keyId: KeyId
}

/** A sender's claim on the provider's refresh token (rule 21). */
export interface ProviderLease {
  readonly owner: string
  readonly until: Instant
}

/** The identity provider's part of the session. Its tokens are sealed; the domain never sees them. */
export interface ProviderLink {
  readonly providerId: string
  readonly issuer: string
  readonly subject: string
  readonly providerSid: string | null
  /** In lower case, and only if the provider vouches for it: `users` may name a person by it (rule 17). */
  readonly verifiedEmail: string | null
  readonly sealedTokens: string
  /** The version of the provider's refresh token: the fence of a refresh. */
  readonly tokensVersion: number
  readonly tokensExpireAt: Instant
  readonly refreshTokenIssuedAt: Instant | null
  /** Set when the refresh token is known to be spent or refused in doubt: serve until the identity runs out. */
  readonly refreshLost: boolean
  readonly lease: ProviderLease | null
  /** Set with the lease, cleared by a definite answer. */
  readonly attemptedAt: Instant | null
  /** An attempt before the present one never got its answer. */
  readonly undecided: boolean
  readonly retryAt: Instant | null
}

export interface SessionParts {
  /** Bumped by every write of the row; the one thing that a swap compares (rule 2). */
  readonly version: number
  readonly origin: Origin
  readonly profile: Profile
  readonly life: Life
  readonly grants: Grants
  /** Null for a session without refresh token (clients' own, the gateway's). */
  readonly rotation: Rotation | null
  readonly access: AccessLedger
  readonly sessionToken: SessionTokenState
  readonly provider: ProviderLink | null
}

export interface LiveSession extends SessionParts {
  readonly kind: 'live'
}

/** Who ended it: a uid, `client:<id>`, or null for the system. */
export type Actor = Uid | null

export interface End {
  readonly at: Instant
  readonly reason: EndReason
  readonly by: Actor
  /** Its number in the feed. */
  readonly seq: number
}

export interface EndedSession extends SessionParts {
  readonly kind: 'ended'
  readonly end: End
}

export type Session = LiveSession | EndedSession

/** The instant from which a live row counts as expired: the earlier of the absolute and the idle limit. */
export function expiresAt(session: SessionParts): Instant {
  const { absoluteExpiresAt } = session.origin
  const { idleExpiresAt } = session.life
  return absoluteExpiresAt <= idleExpiresAt ? absoluteExpiresAt : idleExpiresAt
}

export function isExpired(session: SessionParts, now: Instant): boolean {
  return now >= expiresAt(session)
}
