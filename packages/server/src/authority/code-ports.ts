/* Authorization codes (RFC 6749, section 4.1.2), as the store keeps them. */
import type { ClientId, SessionId } from '#domain'
import type { CodeHash } from './voucher.ts'

/** An authorization code as it was given (RFC 6749, section 4.1.2). */
export interface NewCode {
  readonly hash: CodeHash
  readonly clientId: ClientId
  readonly redirectUri: string
  /** PKCE, S256. */
  readonly challenge: string
  /** `dpop_jkt` (RFC 9449, section 10); null: any key, or none. */
  readonly dpopThumbprint: string | null
  /** Sealed for this code: who signed in, and what was asked for. */
  readonly sealed: string
  readonly ttlMs: number
}

export interface StoredCode extends Omit<NewCode, 'sealed' | 'ttlMs'> {
  /** Null once it was used. */
  readonly sealed: string | null
  /** The session that it started. */
  readonly sid: SessionId | null
  readonly expired: boolean
}

/** Authorization codes; they are used up by `SessionStore.start`. */
export interface CodeStore {
  addCode(code: NewCode): Promise<void>
  /** Also one that was used or has run out, until it is pruned. */
  code(hash: CodeHash): Promise<StoredCode | undefined>
}
