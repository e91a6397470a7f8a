/*
 * Ends that an untrusted channel announced (rule 20). Each is believed until the feed was asked: the next
 * pull that begins after it either confirms it, and then the denylist has it, or it is dropped. So whoever
 * can write to the channel can shut somebody out for one pull, and nobody for longer.
 */

/** Its own `exp` is not believed beyond this; it matters only while the feed cannot be read. */
export const hintKeepMaxMs = 3_600_000
/** More are not remembered: the pull that they cause tells the truth anyway. */
export const hintsMax = 10_000

interface Hint {
  readonly untilMs: number
  /** The question that had been asked last when it came. */
  readonly afterAsk: number
}

export class Hints {
  readonly #bySid = new Map<string, Hint>()
  #asks = 0

  get size(): number {
    return this.#bySid.size
  }

  /** False when there is no room. */
  add(sid: string, expSeconds: number, nowMs: number): boolean {
    if (this.#bySid.size >= hintsMax && !this.#bySid.has(sid)) return false
    const untilMs = Math.min(expSeconds * 1000, nowMs + hintKeepMaxMs)
    this.#bySid.set(sid, { untilMs, afterAsk: this.#asks })
    return true
  }

  has(sid: string, nowMs: number): boolean {
    if (this.#bySid.size === 0) return false
    const hint = this.#bySid.get(sid)
    return hint !== undefined && nowMs < hint.untilMs
  }

  /** The feed is being asked: what has come by now, the answer can tell. */
  asked(): void {
    this.#asks += 1
  }

  /** The answer to the last question reached the head: what it did not confirm is dropped. */
  answered(): void {
    for (const [sid, { afterAsk }] of this.#bySid) {
      if (afterAsk < this.#asks) this.#bySid.delete(sid)
    }
  }
}
