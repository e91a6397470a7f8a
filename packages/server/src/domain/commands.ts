import type { ClientId, KeyId, TokenId } from './ids.ts'
import type { EndReason } from './reasons.ts'
import type { Actor, Claims } from './session.ts'
import type { Instant } from './time.ts'

/** An access token about to be minted: made outside, because the domain draws no random numbers. */
export interface MintOrder {
  readonly jti: TokenId
  readonly ttlSeconds: number
  /** The signing key's `kid`. */
  readonly keyId: string
}

/** Network and user agent of a use: recorded, never judged (rule 10). */
export interface Seen {
  readonly ip: string | null
  readonly userAgent: string | null
}

/** Who presents a refresh token: the same client and, if bound, the same DPoP key (rule 10). */
export interface Sender {
  readonly clientId: ClientId
  readonly dpopThumbprint: string | null
}

export interface Grace {
  readonly refreshGraceMs: number
  /** How long the predecessor is answered while its successor is unused; 0 where the class has none. */
  readonly lostResponseMs: number
  /** When this replica last regained the store: grace runs from the later of that and the rotation (rule 11). */
  readonly regainedAt: Instant
}

export interface RefreshCommand {
  readonly kind: 'refresh'
  readonly presented: number
  readonly sender: Sender
  readonly mint: MintOrder
  /** The secret that will derive the successor. */
  readonly refreshKeyId: KeyId
  readonly refreshTtlMs: number
  readonly idleTtlMs: number
  readonly grace: Grace
  readonly seen: Seen
}

/** Another way to an access token: a client's own, the gateway's. A swap like all others (rule 4). */
export interface MintCommand {
  readonly kind: 'mint'
  readonly mint: MintOrder
  readonly idleTtlMs: number
  /** Answer with the newest token as long as this much of its life is left; 0 mints each time. */
  readonly reuseAboveMs: number
}

/** A sign-in into a `shared` class that takes part in the live session (rule 9). */
export interface JoinCommand {
  readonly kind: 'join'
  readonly joiner: Joiner
  readonly mint: MintOrder
  readonly idleTtlMs: number
  /** The secret for a new generation of the session token, when the row's was retired (rule 12). */
  readonly renewSessionToken: KeyId | null
}

export interface Joiner {
  readonly clientId: ClientId
  readonly providerId: string | null
  readonly roles: readonly string[]
  readonly acr: string | null
}

export interface EndCommand {
  readonly kind: 'end'
  readonly reason: EndReason
  readonly by: Actor
}

/** Ends the session if it has run out, and does nothing otherwise. */
export interface ExpireCommand {
  readonly kind: 'expire'
}

/** Use without a token of its own, such as forward auth: moves last seen, at most once a minute. */
export interface TouchCommand {
  readonly kind: 'touch'
  readonly idleTtlMs: number
  readonly everyMs: number
}

export interface RenameCommand {
  readonly kind: 'rename'
  readonly deviceName: string | null
}

export interface RegrantCommand {
  readonly kind: 'regrant'
  readonly roles: readonly string[] | undefined
  readonly claims: Claims | undefined
  /** What the provider itself says now; whoever else changes claims leaves it alone. */
  readonly verifiedEmail?: string | null | undefined
}

/** The right to send the provider's refresh token, for `leaseMs`. `sent` is its version (rule 21). */
export interface TakeLeaseCommand {
  readonly kind: 'take-lease'
  readonly sent: number
  /** Names this attempt, not only its process: no two attempts share an owner. */
  readonly owner: string
  readonly leaseMs: number
}

/** Who it is, as a provider tells. */
export interface ProviderGrant {
  /** Undefined: they are not told yet, and stay as they were. */
  readonly roles: readonly string[] | undefined
  readonly claims: Claims
  /** Null: there is none that it vouches for; undefined: this time it did not speak of one. */
  readonly verifiedEmail: string | null | undefined
}

/** The provider answered with tokens. Stored if the session lives and `sent` is still current, lease or not. */
export interface StoreProviderTokensCommand {
  readonly kind: 'store-provider-tokens'
  readonly sent: number
  readonly sealedTokens: string
  readonly tokensExpireAt: Instant
  readonly rotated: boolean
  /** Undefined: the answer brought no identity; what was known stays. */
  readonly grants: ProviderGrant | undefined
  readonly idleTtlMs: number
}

/**
 * The provider itself reported a fault: the lease is given back, and nobody asks before `retryAt`.
 * Only its owner gives it back: whoever outlived the lease must not free that of the next sender.
 */
export interface ProviderFaultCommand {
  readonly kind: 'provider-fault'
  readonly sent: number
  readonly owner: string
  readonly retryAt: Instant
}

/** `invalid_grant`: ends the session, unless an earlier attempt is undecided (rule 21). */
export interface ProviderRefusedCommand {
  readonly kind: 'provider-refused'
  readonly sent: number
}

export type Command =
  | RefreshCommand
  | MintCommand
  | JoinCommand
  | EndCommand
  | ExpireCommand
  | TouchCommand
  | RenameCommand
  | RegrantCommand
  | TakeLeaseCommand
  | StoreProviderTokensCommand
  | ProviderFaultCommand
  | ProviderRefusedCommand
