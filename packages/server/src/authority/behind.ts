/** What goes on behind answers that were given: a process that stops lets it finish. */
export class Behind {
  readonly #underWay = new Set<Promise<unknown>>()

  /** A failure is the work's own to tell. */
  add(work: Promise<unknown>): void {
    const settled: Promise<unknown> = work.then(
      () => this.#underWay.delete(settled),
      () => this.#underWay.delete(settled),
    )
    this.#underWay.add(settled)
  }

  /** Resolves when nothing is under way any more, also of what came meanwhile. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled([...this.#underWay])
  }
}
