import type { SessionId } from '#domain'

export interface LastChangesOptions {
  /** The process's clock, in milliseconds. */
  readonly processNow: () => number
  readonly changesMax?: number
}

/** By so much the store's clock may be misjudged here when a reading is dated (clock.ts). */
const doubtMs = 2000

/**
 * When this process last learnt that a session stands otherwise than before: by a hint, by its own swap,
 * by a row that had ended. What was read before that, by whomever, says nothing any more.
 */
export class LastChanges {
  readonly #processNow: () => number
  readonly #changesMax: number
  /** In the order of the times. */
  readonly #changedAt = new Map<SessionId, number>()
  /** Of all that are not in the map: none changed later than this. */
  #othersAt = Number.NEGATIVE_INFINITY

  constructor({ processNow, changesMax = 100_000 }: LastChangesOptions) {
    this.#processNow = processNow
    this.#changesMax = changesMax
  }

  get size(): number {
    return this.#changedAt.size
  }

  note(sid: SessionId): void {
    this.#changedAt.delete(sid)
    this.#changedAt.set(sid, this.#processNow())
    if (this.#changedAt.size <= this.#changesMax) return
    // What is forgotten of one session is assumed of all that are forgotten.
    for (const [oldest, at] of this.#changedAt) {
      this.#changedAt.delete(oldest)
      this.#othersAt = Math.max(this.#othersAt, at)
      return
    }
  }

  /** It may have been any of them. */
  noteAny(): void {
    this.#changedAt.clear()
    this.#othersAt = this.#processNow()
  }

  /** Was what is `ageMs` old read after the last change that this process knows of, beyond doubt? */
  isCurrent(sid: SessionId, ageMs: number): boolean {
    const changedAt = Math.max(this.#changedAt.get(sid) ?? this.#othersAt, this.#othersAt)
    return this.#processNow() - ageMs > changedAt + doubtMs
  }
}
