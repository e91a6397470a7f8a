import type { Epoch, Instant, SessionId } from '#domain'
import type { LuaScript, SharedConnection } from './shared-connection.ts'
import { fillScript } from './shared-scripts.ts'
import {
  readValue,
  type SharedSnapshot,
  type SharedValue,
  type SnapshotSeal,
  sharedKey,
  tombstone,
  writeMark,
  writeValue,
} from './shared-value.ts'
import { type Write, WriteBehind, type WriteKind, type WriteResult } from './write-behind.ts'

export interface SharedSnapshotsOptions {
  readonly connection: SharedConnection
  readonly seal: SnapshotSeal
  /** The store's time as this process estimates it; undefined while it doubts its estimate (rule 6). */
  readonly storeNow: () => Instant | undefined
  readonly wrote: (kind: WriteKind, result: WriteResult) => void
  readonly snapshotTtlMs?: number
  readonly fillsWaitingMax?: number
  readonly tombstonesWaitingMax?: number
  readonly inFlightMax?: number
}

/** A fill that was read longer ago is not written: what has happened since is not known. */
const fillAgeMsMax = 5000
/** Longer than any fill can be under way, and than any snapshot lives. */
const tombstoneTtlMs = 600_000
const buriedAtOnce = 64

/**
 * The snapshots that all replicas share, in Redis. It proposes and never vouches: whoever reads judges
 * what it says by the tail and by what it knows itself (two-levels.ts).
 */
export class SharedSnapshots {
  readonly #options: SharedSnapshotsOptions
  readonly #snapshotTtlMs: number
  readonly #writes: WriteBehind

  constructor(options: SharedSnapshotsOptions) {
    this.#options = options
    this.#snapshotTtlMs = options.snapshotTtlMs ?? 30_000
    this.#writes = new WriteBehind(options)
  }

  /** Writes that wait for their turn. */
  get waiting(): number {
    return this.#writes.waiting
  }

  async read(
    epoch: Epoch,
    sid: SessionId,
  ): Promise<SharedValue | { readonly kind: 'unavailable' }> {
    const { connection, seal } = this.#options
    const key = sharedKey(connection.keyPrefix, epoch, sid)
    try {
      return readValue(seal, { key, epoch, sid }, await connection.get(key))
    } catch {
      // Redis is away or slow, or something else than a text stands there: the row is asked instead.
      return { kind: 'unavailable' }
    }
  }

  /** Behind the answer, if nothing newer is there by then, and no tombstone. */
  fill(snapshot: SharedSnapshot): void {
    const { session, asOf, readAt } = snapshot
    const { sid } = session.origin
    const key = sharedKey(this.#options.connection.keyPrefix, asOf.epoch, sid)
    this.#writes.add('fill', sid, () =>
      this.#replaceOlder({ version: session.version, seq: asOf.seq, readAt, key }, () =>
        writeValue(this.#options.seal, key, snapshot),
      ),
    )
  }

  /** The session has reached this version, and nobody can say as of which end: older ones must go. */
  mark(
    sid: SessionId,
    { epoch, version, readAt }: { epoch: Epoch; version: number; readAt: Instant },
  ): void {
    const key = sharedKey(this.#options.connection.keyPrefix, epoch, sid)
    this.#writes.add('fill', sid, () =>
      this.#replaceOlder({ version, seq: 0, readAt, key }, () => writeMark(version, readAt)),
    )
  }

  /** It has ended: whatever stands there goes, and nothing comes back. */
  bury(epoch: Epoch, sid: SessionId): void {
    this.#writes.add('tombstone', sid, async () => {
      await this.#bury(epoch, sid)
      return 'written'
    })
  }

  /** Again, for whoever wants to know that they stand there. Rejects when Redis does not answer. */
  async buryAgain(epoch: Epoch, sids: readonly SessionId[]): Promise<void> {
    for (let at = 0; at < sids.length; at += buriedAtOnce) {
      await Promise.all(sids.slice(at, at + buriedAtOnce).map((sid) => this.#bury(epoch, sid)))
    }
  }

  /** Everything that waits now has been carried out or given up. */
  idle(): Promise<void> {
    return this.#writes.idle()
  }

  #bury(epoch: Epoch, sid: SessionId): Promise<void> {
    const { connection } = this.#options
    return connection.set(sharedKey(connection.keyPrefix, epoch, sid), tombstone, tombstoneTtlMs)
  }

  async #replaceOlder(place: Place, value: () => string | undefined): ReturnType<Write> {
    const now = this.#options.storeNow()
    const ageMs = now === undefined ? Number.POSITIVE_INFINITY : Math.max(now - place.readAt, 0)
    if (ageMs > fillAgeMsMax) return 'late'
    const text = value()
    if (text === undefined) return 'large'
    const ttlMs = this.#snapshotTtlMs - ageMs
    const script: LuaScript = fillScript
    const args = [place.version, place.seq, place.readAt, text, ttlMs].map(String)
    const written = await this.#options.connection.script(script, [place.key], args)
    return Number(written) === 1 ? 'written' : 'outdated'
  }
}

interface Place {
  readonly key: string
  readonly version: number
  readonly seq: number
  readonly readAt: Instant
}
