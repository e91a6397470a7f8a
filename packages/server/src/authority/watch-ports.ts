/* What an administrator's console is shown of the whole system, and no request waits for. */
import type { ClientId, FeedCursor, Instant, Session, SessionId } from '#domain'

export type ActivityKind = 'started' | 'refreshed' | 'ended'

export interface ActivityCount {
  readonly kind: ActivityKind
  /** The reason of an end; otherwise empty. */
  readonly detail: string
  readonly count: number
}

export interface ActivityQuery {
  readonly stepMinutes: number
  /** So many steps, the present one included. */
  readonly steps: number
}

export interface ActivityPage {
  /** The beginning of the first step. */
  readonly from: Instant
  /** Steps in which nothing happened are left out. */
  readonly counts: readonly (ActivityCount & { readonly at: Instant })[]
}

/** Who reads the feed, as the replica knows that it was asked by it. */
export interface Verifier {
  readonly clientId: ClientId
  readonly address: string | null
  readonly userAgent: string | null
  readonly via: 'pull' | 'stream'
  /** Up to where it has read; null: nothing yet. */
  readonly cursor: FeedCursor | null
  readonly seenAt: Instant
}

/** One process, as it last said that it lives. Holds no uid and no sid. */
export interface Replica {
  readonly id: string
  readonly host: string
  readonly pid: number
  /** Its number among `server.workers`; null: it is alone. */
  readonly worker: number | null
  readonly version: string
  readonly startedAt: Instant
  readonly seenAt: Instant
  /** Up to where its tail has read the feed; null while that is loaded. */
  readonly cursor: FeedCursor | null
  readonly lagMs: number
  readonly ready: boolean
  readonly streams: number
  readonly verifiers: readonly Verifier[]
}

export interface FollowersPage {
  readonly head: FeedCursor
  /** Ends so young that whoever has read them may not have said so yet. */
  readonly unreported: number
  readonly now: Instant
  readonly replicas: readonly Replica[]
}

export interface WatchStore {
  /** Sids greater than `after`, whatever became of their sessions; the newest first. */
  startedAfter(after: SessionId, limit: number): Promise<readonly SessionId[]>
  /** As they stand, in the order of their starts; what there is not is left out. */
  sessions(sids: readonly SessionId[]): Promise<readonly Session[]>
  /** Adds to what is counted for the present minute. */
  addActivity(counts: readonly ActivityCount[]): Promise<void>
  activity(query: ActivityQuery): Promise<ActivityPage>
  /** Stamped with the store's time. */
  beat(replica: Omit<Replica, 'seenAt'>): Promise<void>
  /** It stops, and says so. */
  leave(replicaId: string): Promise<void>
  /** Those that were heard of within a minute, and the feed's head. */
  followers(): Promise<FollowersPage>
  /** Sessions that have not ended; those that have just run out may be among them. */
  countUnended(): Promise<number>
}
