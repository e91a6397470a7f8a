/** Ends whose time runs out in the same minute share a mark. */
const minuteSeconds = 60

/**
 * From which number the denylist holds every end (rule 5). It rises when an entry leaves the denylist.
 * Kept as one number for each minute of expiry, rounded so that it rises too early rather than late.
 */
export class Floor {
  #value = 0
  readonly #marks = new Map<number, number>()

  get value(): number {
    return this.#value
  }

  /** Nothing below this number is held. */
  raise(seq: number): void {
    if (seq > this.#value) this.#value = seq
  }

  /** The end with this number is held until then. */
  note(seq: number, keepUntilSeconds: number): void {
    const minute = Math.floor(keepUntilSeconds / minuteSeconds)
    if (seq > (this.#marks.get(minute) ?? 0)) this.#marks.set(minute, seq)
  }

  /** What is held until this second or less has left. */
  sweep(nowSeconds: number): void {
    const now = Math.floor(nowSeconds / minuteSeconds)
    for (const [minute, seq] of this.#marks) {
      if (minute > now) continue
      this.raise(seq)
      this.#marks.delete(minute)
    }
  }

  /** Another history, or everything anew. */
  restart(): void {
    this.#value = 0
    this.#marks.clear()
  }
}
