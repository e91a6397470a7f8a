/*
 * What the authority needs of other rooms. Each method is one atomic act; none is a get followed by a
 * set. Every method of a store may throw StoreUnavailable: the outcome is unknown, and the caller
 * answers 503. "Not found", "refused" and "unavailable" are three results.
 */
import type {
  Actor,
  Applicant,
  ClientId,
  DevicePolicy,
  End,
  EndCause,
  EndReason,
  Epoch,
  EpochSeconds,
  FeedCursor,
  Instant,
  KeyId,
  LiveSession,
  Session,
  SessionId,
  TokenId,
  Uid,
} from '#domain'
import type { AdminLinkStore, AuditStore } from './audit-ports.ts'
import type { CodeStore } from './code-ports.ts'
import type { DeviceStore } from './device-ports.ts'
import type { CursorStore, EffectStore } from './effect-ports.ts'
import type { ProviderSessionStore } from './provider-ports.ts'
import type { Voucher } from './voucher.ts'
import type { WatchStore } from './watch-ports.ts'

/** The store could not be asked, or did not answer: nothing may be concluded. HTTP answers 503. */
export class StoreUnavailable extends Error {
  readonly code = 'store_unavailable'

  constructor(cause: unknown) {
    super('The store did not answer; the request may be repeated.', { cause })
  }
}

/** A row and, from the same statement, the feed's head and the store's clock (rules 5 and 6). */
export interface ReadSession {
  readonly session: Session
  readonly asOf: FeedCursor
  readonly now: Instant
}

/** An end as it was committed, for those who must deny the session at once. */
export interface RecordedEnd {
  readonly sid: SessionId
  readonly uid: Uid
  readonly end: End
  /** Of the feed in which `end.seq` is its number. */
  readonly epoch: Epoch
  /** The newest access token; null when the session never minted one. */
  readonly jti: TokenId | null
  /** The latest expiry of the session's access tokens. */
  readonly exp: EpochSeconds
  /** Rows of the outbox were written with it. */
  readonly effects?: boolean
}

export interface StartRequest {
  /** Version 1. Its times were computed from the replica's clock. */
  readonly candidate: LiveSession
  readonly applicant: Applicant
  readonly policy: DevicePolicy
  /** The global fence, captured at the beginning of the sign-in (rule 1). */
  readonly fence: number
  /** When a provider said who it is, where that may be long before the fence was captured (decision 21). */
  readonly vouchedAt?: Instant
  /** Taken first in the start's own transaction; null: the start uses nothing up. */
  readonly voucher: Voucher | null
}

export type StartResult =
  | { readonly kind: 'started'; readonly ended: readonly RecordedEnd[]; readonly asOf: FeedCursor }
  /** Nothing was written: take part in this session, by a swap. */
  | { readonly kind: 'join'; readonly sid: SessionId }
  /** The user was signed out everywhere since the fence was captured, or the fence was never reached. */
  | { readonly kind: 'fence-moved' }
  | { readonly kind: 'user-disabled' }
  /** The provider announced the end of this sign-in before it had finished (rule 23). */
  | { readonly kind: 'provider-logged-out' }
  /** It was used before, and started `sid`; null: it has run out, was never given, or that is not remembered. */
  | { readonly kind: 'voucher-refused'; readonly sid: SessionId | null }
  /** Whoever approved has ended (rule 31). */
  | { readonly kind: 'approver-ended' }

export interface EndOrder extends EndCause {
  readonly sid: SessionId
  /** Also ends the sessions that it approved, and theirs, in the same transaction (rule 31). */
  readonly family?: boolean
}

export type EndResult =
  | { readonly kind: 'ended'; readonly recorded: RecordedEnd; readonly children?: Children }
  | { readonly kind: 'already'; readonly end: End; readonly children?: Children }
  /** The guard was `expired` and the row has not run out by the store's clock. */
  | { readonly kind: 'not-expired' }
  | { readonly kind: 'unknown' }

/** The descendants that ended with it; absent: none was looked for. */
type Children = readonly RecordedEnd[]

/** Ends all live sessions of a user and raises the user's fence, also when there are none (rule 1). */
export interface UserEndOrder {
  readonly uid: Uid
  readonly reason: EndReason
  readonly by: Actor
  readonly except: SessionId | null
  /** Nothing happens unless this session is live under the user's lock. */
  readonly requireLive: SessionId | null
  /** Also refuses all later starts, until `enableUser`. */
  readonly disable: boolean
}

export type UserEndResult =
  | { readonly kind: 'done'; readonly ended: readonly RecordedEnd[] }
  | { readonly kind: 'caller-ended' }

export interface SessionQuery {
  readonly uid: Uid | null
  readonly state: 'live' | 'ended' | 'all'
  readonly device: string | null
  readonly clientId: ClientId | null
  readonly reason: EndReason | null
  readonly ip: string | null
  readonly search: SessionSearch | null
  /** Newest first; only sessions with a smaller sid. */
  readonly before: SessionId | null
  readonly limit: number
}

/** What somebody typed: any of these may be meant. */
export interface SessionSearch {
  /** The uid begins so. */
  readonly uidPrefix: string
  readonly sid: SessionId | null
  readonly ip: string | null
}

export interface SessionPage {
  readonly sessions: readonly Session[]
  readonly more: boolean
  readonly now: Instant
}

export interface UserState {
  readonly disabledAt: Instant | null
  readonly fence: number
}

export interface SessionStore {
  /** Always from the primary. `undefined`: there is no such row. */
  read(sid: SessionId): Promise<ReadSession | undefined>
  /**
   * Writes the parts of `to` that are other objects than those of `from`, with version + 1, if the
   * row still has `from.version`, has not ended and has not run out by the store's clock, nor is it
   * `until` by then, where the decision names such a moment (rule 6).
   */
  swap(from: LiveSession, to: LiveSession, until?: Instant | null): Promise<'swapped' | 'conflict'>
  start(request: StartRequest): Promise<StartResult>
  /** Committed in groups: one transaction takes all that arrived while the previous one committed. */
  end(order: EndOrder): Promise<EndResult>
  endUser(order: UserEndOrder): Promise<UserEndResult>
  /** Changes nothing but the mark; ended sessions stay ended. Also for a uid never seen. */
  enableUser(uid: Uid): Promise<void>
  user(uid: Uid): Promise<UserState>
  /** The global fence now. */
  fence(): Promise<number>
  list(query: SessionQuery): Promise<SessionPage>
  /** Unended rows that have run out by the store's clock, in order of uid and sid. */
  expired(after: ScanPosition | null, limit: number): Promise<ExpiredScan>
}

export interface ScanPosition {
  readonly uid: Uid
  readonly sid: SessionId
}

export interface ExpiredScan {
  readonly sids: readonly SessionId[]
  /** Where to go on; null at the end of the table. */
  readonly next: ScanPosition | null
}

/** One end as verifiers see it. */
export interface FeedEntry {
  readonly seq: number
  readonly sid: SessionId
  /** Null when the session never minted an access token. */
  readonly jti: TokenId | null
  readonly exp: EpochSeconds
  readonly at: Instant
}

export interface TailRead {
  readonly head: FeedCursor
  /** Rows up to this number may have been pruned. */
  readonly floor: number
  readonly entries: readonly FeedEntry[]
  /** More rows follow: read again at once. */
  readonly more: boolean
  readonly now: Instant
  /** Grows when signing keys or key ids change. */
  readonly keysVersion: number
}

export type FeedPosition =
  | { readonly kind: 'start' }
  | { readonly kind: 'since'; readonly seconds: EpochSeconds }
  | { readonly kind: 'cursor'; readonly cursor: FeedCursor }

export interface FeedQuery {
  readonly position: FeedPosition
  /** Every end that is kept, whatever the expiry of its tokens. */
  readonly all: boolean
  /** Null: everything. */
  readonly limit: number | null
}

export interface FeedPage {
  readonly entries: readonly FeedEntry[]
  readonly head: FeedCursor
  /** The position after the last entry, or the head when nothing follows. */
  readonly cursor: FeedCursor
  readonly more: boolean
  readonly reset: boolean
  readonly now: Instant
}

export interface FeedStore {
  /** Rows after `seq` in order; null: all that are kept. */
  tail(afterSeq: number | null): Promise<TailRead>
  /** Head and page from one snapshot of the store (rule 38). */
  page(query: FeedQuery): Promise<FeedPage>
  /** A new epoch, if the present one is still `expected` (rule 7). Answers the epoch in force. */
  renewEpoch(expected: Epoch): Promise<Epoch>
  /** Deletes feed rows and ended sessions that nobody may ask for any more (rules 5 and 30). */
  prune(limits: PruneLimits): Promise<Pruned>
}

export interface PruneLimits {
  /** How long every end stays readable with `all=true`. */
  readonly feedRetentionMs: number
  /** How long an ended row is kept after its end. */
  readonly endedRetentionMs: number
  /** How long it stays known who did what; unless given as long as ended rows. */
  readonly auditRetentionMs?: number
  readonly rowsMax: number
}

export interface Pruned {
  readonly feedRows: number
  readonly sessions: number
  /** Something was left for the next call. */
  readonly more: boolean
}

/** A signing key as the store keeps it; the private part is sealed with the key ring. */
export interface StoredSigningKey {
  readonly kid: string
  readonly algorithm: 'ES256' | 'EdDSA' | 'RS256'
  /** JSON of the public JWK. */
  readonly publicJwk: string
  readonly sealedPrivateJwk: string
  readonly createdAt: Instant
  /** It signs from then on, if no newer key does. It is published from its creation. */
  readonly activatesAt: Instant
}

export interface ListedKeyId {
  readonly keyId: KeyId
  /** The secret may sign from then on (`keyActivationDelay`, rule 14). */
  readonly activatesAt: Instant
}

export interface KeyStore {
  signingKeys(): Promise<{ readonly keys: readonly StoredSigningKey[]; readonly now: Instant }>
  /**
   * Adds a key that activates `delayMs` from now by the store's clock, or at once when there is none.
   * `onlyIfNewest`: the kid that the caller saw as the newest; another one means that somebody was
   * faster, and nothing is added.
   */
  addSigningKey(
    key: Omit<StoredSigningKey, 'createdAt' | 'activatesAt'>,
    options: { readonly delayMs: number; readonly onlyIfNewest: string | null },
  ): Promise<'added' | 'outrun'>
  dropSigningKey(kid: string): Promise<void>
  keyIds(): Promise<readonly ListedKeyId[]>
  /**
   * Lists ids that are new; each activates `delayMs` later, or at once when the list was empty. An id
   * that was retired stays out. Answers the whole list.
   */
  listKeyIds(ids: readonly KeyId[], delayMs: number): Promise<readonly ListedKeyId[]>
  /** Takes a secret out of the list: its tokens are 401 from now on. */
  retireKeyId(id: KeyId): Promise<'retired' | 'unknown'>
}

/** Remembers what may be used once, such as the `jti` of a client assertion. */
export interface OnceStore {
  /** True for the first who asks; false for all others, until `expiresAt`. */
  once(kind: string, id: string, expiresAt: Instant): Promise<boolean>
}

/** Between replicas: a session stands otherwise than it did. Never the truth, only a hint to look. */
export interface SessionHints {
  announceSession(sid: SessionId): void
  /** Of other processes; undefined: it may be any session. */
  onSessionHint(listener: (sid: SessionId | undefined) => void): () => void
}

/** What one engine offers; stores/sqlite.ts and stores/postgres.ts each build one. */
export interface Store
  extends SessionStore,
    FeedStore,
    KeyStore,
    OnceStore,
    CodeStore,
    ProviderSessionStore,
    EffectStore,
    CursorStore,
    DeviceStore,
    WatchStore,
    AuditStore,
    AdminLinkStore,
    SessionHints {
  /** `onHint` is called when another process may have ended something. Never the truth, only a hint. */
  onHint(listener: () => void): () => void
  close(): Promise<void>
}

/** The ends that this process knows of; asked before any cache (DESIGN.md, section 4, "The tail"). */
export interface Denylist {
  denies(sid: SessionId): boolean
  /** Called by whoever ends a session, before it answers (rule 35). */
  deny(ended: RecordedEnd): void
}

/** Snapshots. They answer only what rule 5 allows; anything else is a miss. */
export interface SnapshotCache {
  /** Of this process. */
  get(sid: SessionId): LiveSession | undefined
  /**
   * After `get` missed: of all replicas, where they share some. It vouches for no more than `get` does,
   * never rejects, and is never asked for what rule 3 wants read from the row. Undefined instead of a
   * promise: there is nobody to ask, and nothing to wait for.
   */
  recall(sid: SessionId): Promise<LiveSession | undefined> | undefined
  /** For how long `get` would still answer this session as it stands; 0 when it would not. */
  freshForMs(sid: SessionId): number
  /**
   * However old, as long as the denylist is known to hold every end since: what answers while the store
   * is out of reach, until `maxStaleness`.
   */
  lastKnown(sid: SessionId): LiveSession | undefined
  put(read: ReadSession): void
  /**
   * After a swap of this process: `to` as it now stands, with its new version. `before`: the store's time
   * at some moment before the swap.
   */
  advance(to: LiveSession, before: Instant): void
  drop(sid: SessionId): void
}

/** The store's time as this replica estimates it (rule 6). */
export interface Clock {
  now(): Instant
  /** When this replica last regained the store; the epoch's beginning if it never lost it. */
  regainedAt(): Instant
}
