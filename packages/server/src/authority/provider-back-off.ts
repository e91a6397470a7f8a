/** How long something that keeps failing is left alone: 1 s, then twice as long each time, up to 30 s. */
const restMsMin = 1000
const restMsMax = 30_000
const countMax = 16

export interface BackOffOptions {
  /** Between 0 and 1. */
  readonly jitter: () => number
  readonly rememberedMax: number
}

/** Failures in a row, by name; the oldest are forgotten first when there are too many. */
export class BackOff<Name> {
  readonly #options: BackOffOptions
  readonly #counts = new Map<Name, number>()

  constructor(options: BackOffOptions) {
    this.#options = options
  }

  /** The rest that would follow one more failure. */
  restMs(name: Name): number {
    const count = this.#counts.get(name) ?? 0
    const ms = Math.min(restMsMin * 2 ** count, restMsMax)
    return Math.ceil(ms * (0.75 + this.#options.jitter() / 2))
  }

  failed(name: Name): void {
    const count = this.#counts.get(name) ?? 0
    this.#counts.delete(name)
    this.#counts.set(name, Math.min(count + 1, countMax))
    if (this.#counts.size <= this.#options.rememberedMax) return
    for (const oldest of this.#counts.keys()) {
      this.#counts.delete(oldest)
      break
    }
  }

  recovered(name: Name): void {
    this.#counts.delete(name)
  }
}
