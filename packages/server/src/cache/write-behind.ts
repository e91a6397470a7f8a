/*
 * Writes to Redis that nobody waits for. Each session has at most one waiting of each kind, the newest;
 * what finds its queue full is dropped, which is always safe: it costs somebody a read of the row.
 *
 *   waiting -> in flight -> gone     carried out, outdated, or failed: nothing is tried twice
 *           -> gone                  too old by the time that its turn came, or replaced by a newer one
 *
 * Tombstones have a queue of their own, and go first: no crowd of fills stands in their way.
 */
import type { SessionId } from '#domain'

export type WriteKind = 'fill' | 'tombstone'
/** `outdated`: something newer stood there. `late`: it had waited for too long. */
export type WriteResult = 'written' | 'outdated' | 'late' | 'large' | 'dropped' | 'failed'

export interface WriteBehindOptions {
  readonly wrote: (kind: WriteKind, result: WriteResult) => void
  readonly fillsWaitingMax?: number
  readonly tombstonesWaitingMax?: number
  /** Commands without an answer yet. */
  readonly inFlightMax?: number
}

export type Write = () => Promise<Exclude<WriteResult, 'dropped' | 'failed'>>

export class WriteBehind {
  readonly #wrote: WriteBehindOptions['wrote']
  readonly #inFlightMax: number
  readonly #waitingMax: Readonly<Record<WriteKind, number>>
  readonly #waiting = { fill: new Map<SessionId, Write>(), tombstone: new Map<SessionId, Write>() }
  readonly #inFlight = new Set<Promise<void>>()
  #turn: Promise<void> | undefined

  constructor(options: WriteBehindOptions) {
    this.#wrote = options.wrote
    this.#inFlightMax = options.inFlightMax ?? 64
    this.#waitingMax = {
      fill: options.fillsWaitingMax ?? 1000,
      tombstone: options.tombstonesWaitingMax ?? 10_000,
    }
  }

  add(kind: WriteKind, sid: SessionId, write: Write): void {
    const waiting = this.#waiting[kind]
    if (waiting.has(sid)) waiting.set(sid, write)
    else if (waiting.size < this.#waitingMax[kind]) waiting.set(sid, write)
    else {
      this.#wrote(kind, 'dropped')
      return
    }
    if (kind === 'tombstone') this.#waiting.fill.delete(sid)
    this.#turn ??= this.#afterThisTurn()
  }

  get waiting(): number {
    return this.#waiting.fill.size + this.#waiting.tombstone.size
  }

  /** Everything that waits now has been carried out or given up. */
  async idle(): Promise<void> {
    while (this.#turn !== undefined || this.#inFlight.size > 0) {
      await Promise.all([this.#turn, ...this.#inFlight])
    }
  }

  /** Whoever is being answered comes first: sealing takes its time. */
  async #afterThisTurn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    this.#turn = undefined
    this.#send()
  }

  #send(): void {
    while (this.#inFlight.size < this.#inFlightMax) {
      const sent = this.#sendNext('tombstone') || this.#sendNext('fill')
      if (!sent) return
    }
  }

  #sendNext(kind: WriteKind): boolean {
    for (const [sid, write] of this.#waiting[kind]) {
      this.#waiting[kind].delete(sid)
      const sending = this.#carryOut(kind, write).finally(() => {
        this.#inFlight.delete(sending)
        this.#send()
      })
      this.#inFlight.add(sending)
      return true
    }
    return false
  }

  async #carryOut(kind: WriteKind, write: Write): Promise<void> {
    try {
      this.#wrote(kind, await write())
    } catch {
      // Redis is away, slow or full. The store has the truth, and the tail tells of every end.
      this.#wrote(kind, 'failed')
    }
  }
}
