import type { Store } from '../../../packages/server/src/authority/index.ts'
import type { SessionId } from '../../../packages/server/src/domain/index.ts'
import type { RawTable } from './raw-row.ts'

export const engineKinds = ['sqlite', 'postgres'] as const
export type EngineKind = (typeof engineKinds)[number]

/** One store of the product, and beside it the raw table on the same engine. */
export interface Engine {
  readonly kind: EngineKind
  /** What stands under the tables, such as the engine's version and its settings of durability. */
  readonly description: string
  readonly store: Store
  readonly raw: RawTable
  /** Copies a live session of the store under these ids, in both tables. Not part of any window. */
  multiply(template: SessionId, sids: readonly SessionId[]): Promise<void>
  /** Prepares the raw table from a live session of the store. */
  prepare(template: SessionId): Promise<void>
  /** All processes of the database; none where it runs in our own. */
  databasePids(): readonly number[]
  close(): Promise<void>
}
