/** Work that a crowd asks for at once: done once for all that come while it is under way. */
export class Shared<Result> {
  readonly #underWay = new Map<string, Promise<Result>>()

  run(key: string, work: () => Promise<Result>): Promise<Result> {
    const known = this.#underWay.get(key)
    if (known !== undefined) return known
    const begun = work().finally(() => {
      if (this.#underWay.get(key) === begun) this.#underWay.delete(key)
    })
    this.#underWay.set(key, begun)
    return begun
  }

  /** What is under way goes on for those who wait for it; whoever comes now begins anew. */
  forget(): void {
    this.#underWay.clear()
  }
}
