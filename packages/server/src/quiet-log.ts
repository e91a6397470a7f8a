/** The same line again within this time is counted, not written. */
const everyMs = 1000
/** Lines that are told apart; beyond it all count as one. */
const linesMax = 1000

interface Line {
  writtenAt: number
  suppressed: number
}

/**
 * Lets a line that anybody can cause through once a second, with the number of those that it stands for:
 * an attacker or a misconfigured proxy must not fill the disk.
 */
export class QuietLog {
  readonly #lines = new Map<string, Line>()
  readonly #now: () => number

  /** `now`: milliseconds of a monotonic clock. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Undefined: not this time. Otherwise how many of its kind were not written since the last one. */
  admit(text: string): number | undefined {
    const key = this.#lines.has(text) || this.#lines.size < linesMax ? text : ''
    const now = this.#now()
    const line = this.#lines.get(key)
    if (line === undefined) {
      this.#lines.set(key, { writtenAt: now, suppressed: 0 })
      return 0
    }
    if (now < line.writtenAt + everyMs) {
      line.suppressed += 1
      return undefined
    }
    const { suppressed } = line
    Object.assign(line, { writtenAt: now, suppressed: 0 })
    return suppressed
  }
}
