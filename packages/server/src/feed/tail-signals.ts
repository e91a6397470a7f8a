import type { ResetCause } from '@curfew/verifier/feed'
import type { Epoch, FeedCursor } from '#domain'

/** Why ends may have been missed: everything in memory is void, and the feed is loaded anew. */
export type LostCause = ResetCause | 'restored'

/** What happened to the tail, for those who count, log and empty caches. Must not throw. */
export interface TailSignals {
  /** Empty the caches (rule 5). `restored`: the head lay below our mark, and the epoch was renewed. */
  lost?(cause: LostCause): void
  /** Signing keys or key ids changed, or were seen for the first time. */
  keysChanged?(keysVersion: number): void
  failed?(error: unknown, failures: number): void
  /** `maxStaleness` is exceeded; once, until the next good read. */
  stale?(stalenessMs: number): void
  /** The epoch was renewed by this process (rule 7). */
  renewed?(epoch: Epoch): void
  /** The feed was read to its head; after each good read. */
  followed?(head: FeedCursor): void
  /** The denylist is larger than it was thought to become. Nothing is dropped. */
  denylistLarge?(size: number): void
}
