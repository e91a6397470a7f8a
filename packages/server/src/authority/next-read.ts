interface Line<Result> {
  readonly current: Promise<Result>
  next: Promise<Result> | undefined
}

/**
 * Readings of the store that a crowd asks for: all who come while one is under way share the next. Never
 * the one under way, which may have looked before something that its asker knows of. A reading that
 * fails fails for those who wait as well: the store does not answer, and they may ask again.
 */
export class NextRead<Result> {
  readonly #lines = new Map<string, Line<Result>>()

  run(key: string, read: () => Promise<Result>): Promise<Result> {
    const line = this.#lines.get(key)
    if (line === undefined) return this.#begin(key, read)
    line.next ??= line.current.then(() => this.#begin(key, read))
    return line.next
  }

  #begin(key: string, read: () => Promise<Result>): Promise<Result> {
    const line: Line<Result> = { current: read(), next: undefined }
    this.#lines.set(key, line)
    const leave = () => {
      if (this.#lines.get(key) === line) this.#lines.delete(key)
    }
    // Whoever waits has begun the next one by then, and it has taken the place of this.
    line.current.then(() => {
      if (line.next === undefined) leave()
    }, leave)
    return line.current
  }
}
