/*
 * What the authority needs for sessions that an identity provider vouches for: a store that finds them
 * by the provider's names, a seal for the provider's tokens, and the provider itself, which oidc asks.
 */
import type { Claims, Instant, KeyId, ProviderGrant, Secret } from '#domain'
import type { RecordedEnd } from './ports.ts'

/** What a provider handed out for one session; in the row it stands sealed, under the sid. */
export interface ProviderTokens {
  /** Null: the session was started on the provider's word alone, and may ask it nothing. */
  readonly accessToken: Secret | null
  readonly idToken: Secret | null
  readonly refreshToken: Secret | null
}

export type Unsealed =
  | { readonly kind: 'opened'; readonly plaintext: Secret }
  | { readonly kind: 'key-missing'; readonly keyId: KeyId }
  | { readonly kind: 'unreadable' }

/** `authorization`: what an authorization code stands for. */
type SealedHere = 'provider-tokens' | 'authorization'

/** The sealer of the tokens room, as far as it concerns a provider's tokens. */
export interface TokenSeal {
  seal(purpose: SealedHere, identity: readonly string[], plaintext: Secret): string
  unseal(purpose: SealedHere, identity: readonly string[], sealed: string): Unsealed
}

/** What the configuration says of a provider, as far as refreshing is concerned. */
export interface ProviderRules {
  /** How long a request to it may take; the lease is longer (rule 21). */
  readonly timeoutMs: number
  /** How long a session is served past its provider tokens (rule 24). */
  readonly graceOnFaultMs: number
  /** An older refresh token is not tried; null: at any age. */
  readonly maxRefreshTokenAgeMs: number | null
  /** `grant`: revoking one refresh token revokes those of all siblings (rule 22). */
  readonly revocation: 'grant' | 'token'
}

export interface RefreshOrder {
  readonly providerId: string
  readonly issuer: string
  readonly subject: string
  readonly refreshToken: Secret
  /** The ID token that the session has; kept when the answer brings none. */
  readonly idToken: Secret | null
  readonly claims: Claims
  /** Aborts when the lease runs out. */
  readonly signal: AbortSignal
  /** After that the lease no longer outlasts the request (rule 21). */
  readonly sendBefore: Instant
}

export type GrantResult =
  | {
      readonly kind: 'tokens'
      readonly tokens: ProviderTokens
      /** Null: the provider names no end. */
      readonly expiresAt: Instant | null
      /** The refresh token is a new one. */
      readonly rotated: boolean
      /** Undefined: the answer brought no identity that could be verified; what was known stays. */
      readonly grants: ProviderGrant | undefined
    }
  /** Tokens of somebody else, or of somebody who may no longer sign in. The session must end. */
  | { readonly kind: 'not-this-user'; readonly tokens: ProviderTokens; readonly why: string }
  /** `invalid_grant`. */
  | { readonly kind: 'refused' }
  /**
   * The provider reported a fault, or was never reached: no grant is under way. `everyone`: no other
   * session of this provider need try now.
   */
  | {
      readonly kind: 'fault'
      readonly concerns: 'everyone' | 'session'
      readonly why: string
      readonly retryAfterMs: number | null
    }
  /** `sendBefore` has passed; nothing was sent. */
  | { readonly kind: 'too-late' }
  /** Sent, and no answer that decides anything: time-out, reset, an answer that cannot be read. */
  | { readonly kind: 'silent'; readonly why: string }

/** The provider, asked over the network; oidc fulfils it. Never throws for what the provider does. */
export interface ProviderGrants {
  /** Undefined: the provider has left the configuration. */
  rules(providerId: string): ProviderRules | undefined
  refresh(order: RefreshOrder): Promise<GrantResult>
  /** All the provider's sources of claims; undefined when there is one alone, or one did not answer. */
  reread(order: {
    readonly providerId: string
    readonly subject: string
    /** Of the row; the ID token among them was verified when it came. */
    readonly tokens: ProviderTokens
  }): Promise<ProviderGrant | undefined>
  revokeAtProvider(order: RevocationOrder): Promise<RevocationResult>
}

export type RevocationResult =
  /** `unsupported`: the provider has no such endpoint. */
  | { readonly kind: 'revoked' | 'unsupported' }
  | { readonly kind: 'failed'; readonly why: string; readonly retryAfterMs: number | null }

export interface RevocationOrder {
  readonly providerId: string
  readonly tokens: ProviderTokens
}

export interface SubjectUntil {
  readonly subject: string
  readonly createdUntil: Instant
}

/** A logout that a provider announced (rule 23). */
export interface ProviderLogoutOrder {
  readonly issuer: string
  readonly target:
    | {
        readonly by: 'sid'
        readonly providerSid: string
        /** Whose it is: where no session has that sid, those of whom no sid is known end instead. */
        readonly of: SubjectUntil | null
      }
    /** All sessions of the subject that were created until then; its sign-ins under way fail. */
    | ({ readonly by: 'subject' } & SubjectUntil)
  /** The announcement's own id, good once; null: it has none (front channel). */
  readonly once: { readonly id: string; readonly expiresAt: Instant } | null
  /** How long a start for this sid is refused; 0: not at all. */
  readonly rememberMs: number
}

export type ProviderLogoutResult =
  | { readonly kind: 'done'; readonly ended: readonly RecordedEnd[] }
  /** The same announcement was carried out before. */
  | { readonly kind: 'replayed' }

export interface ProviderSessionStore {
  /** Replay check, memory, fence and ends are one transaction (rule 23). */
  endByProvider(order: ProviderLogoutOrder): Promise<ProviderLogoutResult>
  /** How many live sessions a subject has (rule 22), or one session of it at the provider. */
  countOfSubject(issuer: string, subject: string, providerSid?: string | null): Promise<number>
}
