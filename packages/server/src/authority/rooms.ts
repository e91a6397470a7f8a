import type { KeyId } from '#domain'
import type { CodeStore } from './code-ports.ts'
import type { Policy } from './policy.ts'
import type { Clock, Denylist, SessionHints, SessionStore, SnapshotCache } from './ports.ts'
import type { TokenSeal } from './provider-ports.ts'
import type { AccessTokens, CodeTokens, IdTokens, OpaqueTokens, Randomness } from './token-ports.ts'

/** What happened, for those who count and log. Never holds a credential. */
export interface Signals {
  refreshed(result: RefreshResult): void
  loggedOut(result: 'ok' | 'already_revoked' | 'token_fail'): void
  started(result: 'started' | 'joined' | 'refused'): void
  swapConflict(): void
  /** Something that a person should look at. */
  alarm(alarm: Alarm): void
}

export type RefreshResult =
  | 'rotated'
  | 'repeated'
  | 'reuse'
  | 'ended'
  | 'expired'
  | 'not_issued'
  | 'wrong_client'
  | 'forged'
  | 'unavailable'

export type Alarm =
  /** A token names a generation that the row never reached: a restored store, or a bug (rule 3). */
  | { readonly kind: 'generation-not-issued' }
  /** A token of a listed secret that this process lacks (rule 14). */
  | { readonly kind: 'key-missing'; readonly keyId: KeyId }
  /** The store shows a session alive that this process knows to have ended (rule 7). */
  | { readonly kind: 'came-back'; readonly sid: string }

/** Everything that the use cases work with; `main` joins it. */
export interface Rooms {
  readonly store: SessionStore & CodeStore
  readonly cache: SnapshotCache
  readonly denylist: Denylist
  readonly hints: Pick<SessionHints, 'announceSession'>
  readonly clock: Clock
  readonly opaque: OpaqueTokens
  readonly access: AccessTokens
  readonly idTokens: IdTokens
  readonly codes: CodeTokens
  readonly seal: TokenSeal
  readonly random: Randomness
  readonly policy: Policy
  readonly signals: Signals
}
