/* What an administrator's console is shown of the whole system, and no request waits for. */
import type { Session, SessionId } from '#domain'

export interface WatchStore {
  /** Sids greater than `after`, whatever became of their sessions; the newest first. */
  startedAfter(after: SessionId, limit: number): Promise<readonly SessionId[]>
  /** As they stand, in the order of their starts; what there is not is left out. */
  sessions(sids: readonly SessionId[]): Promise<readonly Session[]>
}
