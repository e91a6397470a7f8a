/* What a contract test works on: a store of its own, a clock that moves, and the tables behind it. */
import type { EffectPlan, Store } from '#authority'
import type { Instant } from '#domain'

export type RawRow = Readonly<Record<string, unknown>>

export interface Subject {
  readonly store: Store
  /** Another process on the same database. */
  second(): Promise<Store>
  /** Moves the store's clock. */
  shift(milliseconds: number): void
  /** SQL past the store, as somebody with a shell would send it. */
  raw(sql: string): Promise<readonly RawRow[]>
  /** Closes and opens again, as a restart does. */
  reopen(): Promise<Store>
}

/** An empty store for one test; closed when the test is over. `effects`: whom its starts and ends tell. */
export type Prepare = (effects?: EffectPlan) => Promise<Subject>

export async function nowOf(store: Store): Promise<Instant> {
  return (await store.tail(0)).now
}

export async function headOf(store: Store): Promise<number> {
  return (await store.tail(0)).head.seq
}
