import { LRUCache } from 'lru-cache'
import type { ReadSession, SnapshotCache } from '#authority'
import type { Epoch, FeedCursor, LiveSession, SessionId } from '#domain'
import { weigh } from './weight.ts'

/** What the cache must know of the tail to answer anything. */
export interface TailView {
  /** The epoch that the tail follows; undefined while it knows none for certain. */
  readonly epoch: Epoch | undefined
  /** The denylist holds every end with a higher number. */
  readonly floor: number
  /** Nothing may be answered from memory (rule 35). */
  readonly stale: boolean
  denies(sid: SessionId): boolean
}

export interface SnapshotsOptions {
  readonly tail: TailView
  /** The process's clock, in milliseconds. */
  readonly processNow: () => number
  /** The session is known to stand otherwise than before: what was made of the older state must go. */
  readonly onChange?: (sid: SessionId) => void
  readonly snapshotTtlMs?: number
  readonly snapshotsMax?: number
  readonly snapshotBytesMax?: number
}

interface Snapshot {
  readonly session: LiveSession
  /** All ends up to here had happened when the row was read, and this session's was not among them. */
  readonly asOf: FeedCursor
  readonly storedAt: number
}

/** Sessions as they stood a moment ago. Whatever is not certain is a miss, and a miss costs one read. */
export class Snapshots implements SnapshotCache {
  readonly #tail: TailView
  readonly #processNow: () => number
  readonly #onChange: (sid: SessionId) => void
  readonly #snapshotTtlMs: number
  readonly #entries: LRUCache<SessionId, Snapshot>
  #hits = 0
  #misses = 0
  #evictions = 0

  constructor(options: SnapshotsOptions) {
    this.#tail = options.tail
    this.#processNow = options.processNow
    this.#onChange = options.onChange ?? (() => undefined)
    this.#snapshotTtlMs = options.snapshotTtlMs ?? 30_000
    this.#entries = new LRUCache<SessionId, Snapshot>({
      max: options.snapshotsMax ?? 50_000,
      maxSize: options.snapshotBytesMax ?? 128 * 1024 * 1024,
      sizeCalculation: ({ session }) => weigh(session),
      dispose: (_snapshot, _sid, why) => {
        if (why === 'evict') this.#evictions += 1
      },
    })
  }

  get hits(): number {
    return this.#hits
  }

  get misses(): number {
    return this.#misses
  }

  /** What left for want of space. */
  get evictions(): number {
    return this.#evictions
  }

  get size(): number {
    return this.#entries.size
  }

  /** About how many bytes are held. */
  get bytes(): number {
    return this.#entries.calculatedSize
  }

  get(sid: SessionId): LiveSession | undefined {
    const session = this.#answer(sid)
    if (session === undefined) this.#misses += 1
    else this.#hits += 1
    return session
  }

  freshForMs(sid: SessionId): number {
    const held = this.#entries.peek(sid)
    if (held === undefined || this.#tail.stale || this.#tail.denies(sid)) return 0
    const age = this.#age(held)
    return this.#isVouchedFor(held) && age >= 0 ? Math.max(0, this.#snapshotTtlMs - age) : 0
  }

  lastKnown(sid: SessionId): LiveSession | undefined {
    const held = this.#vouched(sid)
    return held !== undefined && this.#age(held) >= 0 ? held.session : undefined
  }

  put(read: ReadSession): void {
    const { session, asOf } = read
    const { sid } = session.origin
    if (session.kind === 'ended' || this.#tail.denies(sid)) {
      this.#entries.delete(sid)
      return
    }
    // Versions compare only within one epoch, and that has to be the one that the tail follows.
    if (asOf.epoch !== this.#tail.epoch) return
    const held = this.#entries.peek(sid)
    if (held !== undefined && isNewer(held, read)) return
    if (held !== undefined && held.session.version !== session.version) this.#onChange(sid)
    this.#entries.set(sid, { session, asOf, storedAt: this.#processNow() })
  }

  advance(to: LiveSession): void {
    const { sid } = to.origin
    this.#onChange(sid)
    const held = this.#entries.peek(sid)
    // Without a snapshot nothing tells as of which end the row is known to live.
    if (held === undefined || held.session.version >= to.version || this.#tail.denies(sid)) return
    // The swap proved the content of the whole row, but gave no new place in the feed.
    this.#entries.set(sid, { session: to, asOf: held.asOf, storedAt: this.#processNow() })
  }

  drop(sid: SessionId): void {
    this.#onChange(sid)
    this.#entries.delete(sid)
  }

  clear(): void {
    this.#entries.clear()
  }

  #answer(sid: SessionId): LiveSession | undefined {
    const held = this.#vouched(sid)
    if (held === undefined) return undefined
    const age = this.#age(held)
    // Below 0: the process's clock was set back, and the age is unknown.
    return age >= 0 && age < this.#snapshotTtlMs ? held.session : undefined
  }

  #vouched(sid: SessionId): Snapshot | undefined {
    // First, before the map is looked at: no snapshot speaks for a session that is known to be dead.
    if (this.#tail.denies(sid)) {
      this.#entries.delete(sid)
      return undefined
    }
    const held = this.#entries.get(sid)
    if (held === undefined || this.#tail.stale) return undefined
    if (this.#isVouchedFor(held)) return held
    this.#entries.delete(sid)
    return undefined
  }

  #isVouchedFor({ asOf }: Snapshot): boolean {
    return asOf.epoch === this.#tail.epoch && asOf.seq >= this.#tail.floor
  }

  #age({ storedAt }: Snapshot): number {
    return this.#processNow() - storedAt
  }
}

function isNewer(held: Snapshot, read: ReadSession): boolean {
  if (held.asOf.epoch !== read.asOf.epoch) return false
  const { version } = read.session
  if (held.session.version !== version) return held.session.version > version
  return held.asOf.seq > read.asOf.seq
}
