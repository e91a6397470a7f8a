import { LRUCache } from 'lru-cache'
import type { ReadSession, SnapshotCache } from '#authority'
import type { Epoch, FeedCursor, Instant, LiveSession, SessionId } from '#domain'
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
  /**
   * The store's time as this process estimates it, undefined while it doubts its estimate (rule 6): what
   * was long under way is as old as it is. Without it, everything was read when it comes.
   */
  readonly storeNow?: () => Instant | undefined
  /** The session is known to stand otherwise than before: what was made of the older state must go. */
  readonly onChange?: (sid: SessionId) => void
  readonly snapshotTtlMs?: number
  readonly snapshotsMax?: number
  readonly snapshotBytesMax?: number
}

export interface Snapshot {
  readonly session: LiveSession
  /** All ends up to here had happened when the row was read, and this session's was not among them. */
  readonly asOf: FeedCursor
}

interface Held extends Snapshot {
  /** When it was read, by the process's clock. */
  readonly readAt: number
  /** When others were last told of this version. */
  readonly sharedAt: number
}

/** Others are told again of a version that has not changed, before what they hold of it is too old. */
const shareAgainPart = 1 / 3
/** Of these the tail tells within its lag. */
const endsReadMax = 10_000

/** Sessions as they stood a moment ago. Whatever is not certain is a miss, and a miss costs one read. */
export class Snapshots implements SnapshotCache {
  readonly #tail: TailView
  readonly #processNow: () => number
  readonly #storeNow: () => Instant | undefined
  readonly #onChange: (sid: SessionId) => void
  readonly #snapshotTtlMs: number
  readonly #entries: LRUCache<SessionId, Held>
  /** Rows that were read as ended before the tail told of it: a slower read of the same row comes too late. */
  readonly #endsRead = new LRUCache<SessionId, true>({ max: endsReadMax })
  #hits = 0
  #misses = 0
  #evictions = 0

  constructor(options: SnapshotsOptions) {
    this.#tail = options.tail
    this.#processNow = options.processNow
    this.#storeNow = options.storeNow ?? (() => undefined)
    this.#onChange = options.onChange ?? (() => undefined)
    this.#snapshotTtlMs = options.snapshotTtlMs ?? 30_000
    this.#entries = new LRUCache<SessionId, Held>({
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

  /** There is no other level. */
  recall(): undefined {
    return undefined
  }

  /** Answers what others may be told of it, when they should be: it is new, or it was long ago. */
  put(read: ReadSession): Snapshot | undefined {
    const { session, asOf, now: readAt } = read
    const { sid } = session.origin
    if (session.kind === 'ended') this.#endsRead.set(sid, true)
    if (session.kind === 'ended' || this.#isDead(sid)) {
      this.#entries.delete(sid)
      return undefined
    }
    const now = this.#processNow()
    const snapshot = { session, asOf }
    const held = this.#heldAgainst(snapshot)
    if (held === 'keep') return undefined
    const known = held?.session.version === session.version
    const due = !known || now - held.sharedAt >= this.#snapshotTtlMs * shareAgainPart
    const sharedAt = due ? now : held.sharedAt
    this.#hold({ ...snapshot, readAt: this.#dated(readAt), sharedAt }, held)
    return due ? snapshot : undefined
  }

  /** What another process read so long ago. Answers what `get` would answer now. */
  adopt(snapshot: Snapshot, ageMs: number): LiveSession | undefined {
    const { sid } = snapshot.session.origin
    if (this.#isDead(sid) || !this.#isVouchedFor(snapshot)) return undefined
    const held = this.#heldAgainst(snapshot)
    const readAt = this.#processNow() - ageMs
    const replaces = held === undefined || (held !== 'keep' && !isAsGood(held, snapshot, readAt))
    if (replaces) this.#hold({ ...snapshot, readAt, sharedAt: readAt }, held)
    return this.#answer(sid)
  }

  /** Answers as `put` does. */
  advance(to: LiveSession, before: Instant): Snapshot | undefined {
    const { sid } = to.origin
    this.#onChange(sid)
    const held = this.#entries.peek(sid)
    // Without a snapshot nothing tells as of which end the row is known to live.
    if (held === undefined || held.session.version >= to.version) return undefined
    if (this.#tail.denies(sid)) return undefined
    // The swap proved the content of the whole row, but gave no new place in the feed.
    const snapshot = { session: to, asOf: held.asOf }
    const sharedAt = this.#processNow()
    this.#entries.set(sid, { ...snapshot, readAt: this.#dated(before), sharedAt })
    return snapshot
  }

  drop(sid: SessionId): void {
    this.#onChange(sid)
    this.#entries.delete(sid)
  }

  /** Another process has changed it. Of changes to any of them, each is found out in its time. */
  hint(sid: SessionId | undefined): void {
    if (sid !== undefined) this.drop(sid)
  }

  clear(): void {
    this.#entries.clear()
    this.#endsRead.clear()
  }

  #answer(sid: SessionId): LiveSession | undefined {
    const held = this.#vouched(sid)
    if (held === undefined) return undefined
    const age = this.#age(held)
    // Below 0: the process's clock was set back, and the age is unknown.
    return age >= 0 && age < this.#snapshotTtlMs ? held.session : undefined
  }

  #isDead(sid: SessionId): boolean {
    return this.#tail.denies(sid) || this.#endsRead.has(sid)
  }

  /** What is held of the session already, and `keep` where that is to stay. */
  #heldAgainst(snapshot: Snapshot): Held | 'keep' | undefined {
    // Versions compare only within one epoch, and that has to be the one that the tail follows.
    if (snapshot.asOf.epoch !== this.#tail.epoch) return 'keep'
    const held = this.#entries.peek(snapshot.session.origin.sid)
    return held !== undefined && isNewer(held, snapshot) ? 'keep' : held
  }

  #hold(next: Held, held: Held | undefined): void {
    const { sid } = next.session.origin
    if (held !== undefined && held.session.version !== next.session.version) this.#onChange(sid)
    this.#entries.set(sid, next)
  }

  #vouched(sid: SessionId): Held | undefined {
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

  /** A moment of the store's, by the process's clock. */
  #dated(moment: Instant): number {
    const ageMs = (this.#storeNow() ?? moment) - moment
    return this.#processNow() - Math.max(ageMs, 0)
  }

  #age({ readAt }: Held): number {
    return this.#processNow() - readAt
  }
}

function isNewer(held: Snapshot, other: Snapshot): boolean {
  if (held.asOf.epoch !== other.asOf.epoch) return false
  const { version } = other.session
  if (held.session.version !== version) return held.session.version > version
  return held.asOf.seq > other.asOf.seq
}

/** The same version, and read no earlier. */
function isAsGood(held: Held, other: Snapshot, readAt: number): boolean {
  if (held.asOf.epoch !== other.asOf.epoch) return false
  return held.session.version === other.session.version && held.readAt >= readAt
}
