/**
 * The proofs that were accepted lately, so that each is good once in this process. In two generations: when
 * the young one has been filled for as long as a proof may live, or is full, the old one goes. So a proof
 * is forgotten too early only when more than `max` others came within its life, which is counted.
 */
export class ProofMemory {
  readonly #max: number
  #young = new Set<string>()
  #old = new Set<string>()
  #turnAtMs = 0
  #oldUntilMs = 0
  #dropped = 0

  constructor(max: number) {
    this.#max = Math.max(1, Math.ceil(max / 2))
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** Proofs that were forgotten while they might still have been replayed. */
  get dropped(): number {
    return this.#dropped
  }

  /** True for the first who brings it. */
  admit(
    id: string,
    { untilMs, nowMs }: { readonly untilMs: number; readonly nowMs: number },
  ): boolean {
    if (nowMs >= this.#turnAtMs) this.#turn(nowMs)
    if (this.#young.has(id) || this.#old.has(id)) return false
    if (this.#young.size >= this.#max) this.#turn(nowMs)
    this.#young.add(id)
    // No turn before the last of this generation is good no more.
    this.#turnAtMs = Math.max(this.#turnAtMs, untilMs)
    return true
  }

  #turn(nowMs: number): void {
    if (nowMs < this.#oldUntilMs) this.#dropped += this.#old.size
    this.#old = this.#young
    this.#oldUntilMs = this.#turnAtMs
    this.#young = new Set()
    this.#turnAtMs = nowMs
  }
}
