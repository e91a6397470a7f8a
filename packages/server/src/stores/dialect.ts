import type { EffectPlan, EndOrder, RecordedEnd } from '#authority'
import type { Act, Param } from './act.ts'

/** What the two engines say differently; all other SQL is shared. */
export interface Dialect {
  /** The engine's clock as an expression in whole milliseconds. */
  readonly now: string
  /** What starts and ends have for effects. */
  readonly effects: EffectPlan
  /** Locks the rows of a SELECT until the end of the transaction. */
  readonly forUpdate: string
  /** Leaves out the rows of a SELECT that another transaction has locked, and locks the others. */
  readonly skipLocked: string
  /** The greater and the smaller of two values that are not null. */
  readonly greatest: 'greatest' | 'max'
  readonly least: 'least' | 'min'
  /** A condition: the value on its left is in the list that parameter `$n` holds. */
  inList(n: number): string
  /** A table `t` with one column `value`: the list that parameter `$n` holds. */
  rowsOf(n: number): string
  list(values: readonly (string | null)[]): Param
  /**
   * Ends those of the sessions that have not ended and whose guard holds, and writes them into the
   * feed: rows locked in order of sid, the head last and once. One order for each sid. What follows
   * from the ends goes into the outbox with them.
   */
  endRows(orders: readonly EndOrder[]): Act<readonly RecordedEnd[]>
}
