/** The same line again within this time is counted, not written. */
const everyMs = 1000
/** Lines that are told apart, and so many are written a second; beyond it all count as one. */
const linesMax = 50

interface Line {
  writtenAt: number
  suppressed: number
}

/**
 * Lets a line that anybody can cause through once a second, with the number of those that it stands for:
 * an attacker or a misconfigured proxy must not fill the disk, nor keep other lines out of it for long.
 */
export class QuietLog {
  /** In the order in which they were written. */
  readonly #lines = new Map<string, Line>()
  /** All that cannot be told apart. */
  readonly #rest: Line = { writtenAt: Number.NEGATIVE_INFINITY, suppressed: 0 }
  readonly #now: () => number

  /** `now`: milliseconds of a monotonic clock. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Undefined: not this time. Otherwise how many of its kind were not written since the last one. */
  admit(text: string): number | undefined {
    const now = this.#now()
    const line = this.#lines.get(text) ?? this.#placeFor(text, now)
    if (now < line.writtenAt + everyMs) {
      line.suppressed += 1
      return undefined
    }
    const { suppressed } = line
    Object.assign(line, { writtenAt: now, suppressed: 0 })
    // Behind all others: the first one is the one that was written longest ago.
    if (this.#lines.delete(text)) this.#lines.set(text, line)
    return suppressed
  }

  /** One that has not been written for a while makes room; what it stood for is counted with the rest. */
  #placeFor(text: string, now: number): Line {
    const [oldest] = this.#lines
    if (oldest !== undefined && this.#lines.size >= linesMax) {
      const [name, { writtenAt, suppressed }] = oldest
      if (now < writtenAt + everyMs) return this.#rest
      this.#rest.suppressed += suppressed
      this.#lines.delete(name)
    }
    const line = { writtenAt: Number.NEGATIVE_INFINITY, suppressed: 0 }
    this.#lines.set(text, line)
    return line
  }
}
