/** The invariants of DESIGN.md, section 2, that the explorer checks. */
export type Invariant =
  | 'dead-stays-dead'
  | 'one-grant'
  | 'one-successor'
  | 'no-lost-end'
  | 'no-lost-start'
  | 'one-live-row'
  | 'every-mint-is-a-swap'
  | 'no-way-back'
  | 'fence'
  | 'always-ends'

/** An invariant that a step broke. `trace` is filled in by the exploration: the steps that led there. */
export class Violation extends Error {
  readonly invariant: Invariant
  trace: readonly string[] = []

  constructor(invariant: Invariant, what: string) {
    super(`${invariant}: ${what}`)
    this.invariant = invariant
  }
}

export function must(holds: boolean, invariant: Invariant, what: () => string): void {
  if (!holds) throw new Violation(invariant, what())
}
