import type { EndOrder, RecordedEnd } from '#authority'
import type { Act, Param } from './act.ts'

/** What the two engines say differently; all other SQL is shared. */
export interface Dialect {
  /** The engine's clock as an expression in whole milliseconds. */
  readonly now: string
  /** Locks the rows of a SELECT until the end of the transaction. */
  readonly forUpdate: string
  /** The greater and the smaller of two values that are not null. */
  readonly greatest: 'greatest' | 'max'
  readonly least: 'least' | 'min'
  /** A condition: the value on its left is in the list that parameter `$n` holds. */
  inList(n: number): string
  list(values: readonly (string | null)[]): Param
  /**
   * Ends those of the sessions that have not ended and whose guard holds, and writes them into the
   * feed: rows locked in order of sid, the head last and once. One order for each sid.
   */
  endRows(orders: readonly EndOrder[]): Act<readonly RecordedEnd[]>
}
