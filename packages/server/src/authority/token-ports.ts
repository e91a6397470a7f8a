/* What the authority needs of the tokens room: opaque tokens, access tokens, fresh identifiers. */
import type { Instant, KeyId, Salt, SessionId, TokenId } from '#domain'

export type OpaquePurpose = 'refresh' | 'session' | 'cookie'

export interface OpaqueParts {
  readonly sid: SessionId
  readonly generation: number
  readonly keyId: KeyId
}

/** A token whose outer MAC is good. It proves itself only by `verify` with the row's salt. */
export interface OpenedToken extends OpaqueParts {
  readonly purpose: OpaquePurpose
  readonly innerMac: Uint8Array
}

export type OpenResult =
  | { readonly kind: 'opened'; readonly token: OpenedToken }
  /** Not ours: garbage, a wrong MAC, or a key that is not listed. */
  | { readonly kind: 'forged' }
  /** A listed key that this process lacks: 503 and an alarm (rule 14). */
  | { readonly kind: 'key-missing'; readonly keyId: KeyId }

export interface OpaqueTokens {
  /** @throws KeyMissing when this process lacks the secret named */
  issue(purpose: OpaquePurpose, parts: OpaqueParts, salt: Salt): string
  open(purpose: OpaquePurpose, text: string): OpenResult
  verify(token: OpenedToken, salt: Salt): boolean
  /** The secret that derives new tokens now. */
  currentKeyId(): KeyId
  /** True once a secret is off the list: what it derived opens nowhere any more (rule 12). */
  isRetired(keyId: KeyId): boolean
}

/** The claims of an access token (RFC 9068). */
export interface AccessClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: readonly string[]
  readonly exp: number
  readonly iat: number
  readonly nbf: number
  readonly jti: string
  readonly sid: string
  readonly client_id: string
  readonly roles: readonly string[]
  readonly device: string
  readonly scope: string
  readonly auth_time: number
  readonly [name: string]: unknown
}

export type AccessVerdict =
  | { readonly kind: 'valid'; readonly claims: AccessClaims; readonly sid: SessionId }
  | {
      readonly kind: 'invalid'
      readonly why:
        | 'malformed'
        | 'bad_signature'
        | 'wrong_issuer'
        | 'wrong_audience'
        | 'expired'
        | 'not_yet_valid'
    }

/** What the proof of a DPoP key showed (RFC 9449); it has been used up with `proven`. */
export type ProofVerdict =
  | { readonly kind: 'proven'; readonly jkt: string }
  | { readonly kind: 'bad'; readonly why: string }
  /** Good but for its nonce: this one is to be used. */
  | { readonly kind: 'nonce-wanted'; readonly nonce: string }

export interface ProofQuestion {
  readonly proof: string
  readonly method: string
  /** As its sender names it; query and fragment do not count. */
  readonly url: string
  /** The token that it came with; null at the token endpoint. */
  readonly accessToken: string | null
  readonly nonceRequired: boolean
}

export interface AccessTokens {
  /** Signs with the key named, or with the current one when that is gone. */
  sign(claims: AccessClaims, kid: string): string
  /** Signature, `typ`, issuer, audience and times, by the store's clock. Never whether it has ended. */
  verify(token: string): AccessVerdict
  currentKid(): string
}

/** Fresh identifiers. */
export interface Randomness {
  sessionId(now: Instant): SessionId
  tokenId(): TokenId
  salt(): Salt
}
