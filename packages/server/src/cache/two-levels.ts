/*
 * Snapshots of this process, and behind them those that all replicas share in Redis. `get` asks the
 * process alone; after a miss `recall` asks Redis, and what comes back stands in the process from then
 * on, no younger than it is. It may answer only if all of this holds once it is here:
 *
 *   - the tail follows its epoch, holds every end since, and knows of none of the session (rule 5)
 *   - it is younger than a snapshot lives, by the store's clock
 *   - it was read after the last change of the session that this process knows of (last-changes.ts)
 *
 * So whatever Redis holds, old, replayed or lost, admits nothing that this process alone would not.
 */
import type { ReadSession, RecordedEnd, SnapshotCache } from '#authority'
import type { Epoch, Instant, LiveSession, SessionId } from '#domain'
import { LastChanges } from './last-changes.ts'
import type { SharedSnapshots } from './shared-snapshots.ts'
import type { SharedSnapshot } from './shared-value.ts'
import { type Snapshot, Snapshots, type SnapshotsOptions } from './snapshots.ts'

export interface TwoLevelsOptions extends SnapshotsOptions {
  readonly shared: SharedSnapshots
  /** The store's time as this process estimates it; undefined while it doubts its estimate (rule 6). */
  readonly storeNow: () => Instant | undefined
  readonly recalled: (result: Recalled) => void
  readonly recallsMax?: number
  readonly changesMax?: number
}

/**
 * `refused`: it was there, and may not answer. `dropped`: too many were being asked for.
 */
export type Recalled =
  | 'hit'
  | 'nothing'
  | 'tombstone'
  | 'refused'
  | 'unreadable'
  | 'unavailable'
  | 'dropped'

/** A reading that lies in the future by more than this says that one of the clocks is wrong. */
const aheadMsMax = 1000

export class TwoLevels implements SnapshotCache {
  readonly #options: TwoLevelsOptions
  readonly #process: Snapshots
  readonly #changes: LastChanges
  readonly #recallsMax: number
  readonly #flights = new Map<SessionId, Promise<LiveSession | undefined>>()

  constructor(options: TwoLevelsOptions) {
    const { onChange, processNow, changesMax } = options
    this.#options = options
    this.#recallsMax = options.recallsMax ?? 1000
    this.#changes = new LastChanges({
      processNow,
      ...(changesMax === undefined ? {} : { changesMax }),
    })
    this.#process = new Snapshots({
      ...options,
      onChange: (sid) => {
        this.#changes.note(sid)
        onChange?.(sid)
      },
    })
  }

  /** The level of this process, for those who count. */
  get process(): Pick<Snapshots, 'hits' | 'misses' | 'evictions' | 'size' | 'bytes'> {
    return this.#process
  }

  get(sid: SessionId): LiveSession | undefined {
    return this.#process.get(sid)
  }

  freshForMs(sid: SessionId): number {
    return this.#process.freshForMs(sid)
  }

  lastKnown(sid: SessionId): LiveSession | undefined {
    return this.#process.lastKnown(sid)
  }

  /** One flight for each session, however many ask; each is judged when it lands. */
  recall(sid: SessionId): Promise<LiveSession | undefined> | undefined {
    const flying = this.#flights.get(sid)
    if (flying !== undefined) return flying
    const { tail, storeNow } = this.#options
    const { epoch } = tail
    if (epoch === undefined || tail.stale || tail.denies(sid) || storeNow() === undefined) {
      return undefined
    }
    if (this.#flights.size >= this.#recallsMax) {
      this.#options.recalled('dropped')
      return undefined
    }
    const flight = this.#ask(epoch, sid).finally(() => this.#flights.delete(sid))
    this.#flights.set(sid, flight)
    return flight
  }

  put(read: ReadSession): void {
    const { session, now } = read
    if (session.kind === 'ended') this.#changes.note(session.origin.sid)
    this.#share(this.#process.put(read), now)
  }

  advance(to: LiveSession, before: Instant): void {
    const moved = this.#process.advance(to, before)
    this.#share(moved, before)
    const { epoch } = this.#options.tail
    if (moved !== undefined || epoch === undefined) return
    const { shared } = this.#options
    shared.mark(to.origin.sid, { epoch, version: to.version, readAt: before })
  }

  drop(sid: SessionId): void {
    this.#process.drop(sid)
  }

  clear(): void {
    this.#process.clear()
  }

  /** Another process has changed it; undefined: it may be any. */
  hint(sid: SessionId | undefined): void {
    if (sid === undefined) this.#changes.noteAny()
    this.#process.hint(sid)
  }

  /** After its end has been committed: no replica finds it in Redis any more. */
  bury({ epoch, sid }: Pick<RecordedEnd, 'epoch' | 'sid'>): void {
    this.#options.shared.bury(epoch, sid)
  }

  async #ask(epoch: Epoch, sid: SessionId): Promise<LiveSession | undefined> {
    const value = await this.#options.shared.read(epoch, sid)
    const session = value.kind === 'snapshot' ? this.#judge(value.snapshot) : undefined
    const refused = value.kind === 'snapshot' ? 'refused' : value.kind
    this.#options.recalled(session === undefined ? refused : 'hit')
    return session
  }

  #judge({ session, asOf, readAt }: SharedSnapshot): LiveSession | undefined {
    const ageMs = this.#ageOf(readAt)
    if (ageMs === undefined || !this.#changes.isCurrent(session.origin.sid, ageMs)) return undefined
    return this.#process.adopt({ session, asOf }, ageMs)
  }

  #ageOf(readAt: Instant): number | undefined {
    const now = this.#options.storeNow()
    if (now === undefined || readAt > now + aheadMsMax) return undefined
    return Math.max(now - readAt, 0)
  }

  #share(snapshot: Snapshot | undefined, readAt: Instant): void {
    if (snapshot !== undefined) this.#options.shared.fill({ ...snapshot, readAt })
  }
}
