/* Where a test begins: a server on a store of its own, or on a stage that is there already. */
import { type Changes, type Curfew, startCurfewOn } from './curfew.ts'
import { openStage } from './open-stage.ts'
import type { Stage, StoreKind } from './stage.ts'

export type CurfewOptions = Changes & { readonly store: StoreKind | Stage }

export async function startCurfew({ store, ...changes }: CurfewOptions): Promise<Curfew> {
  const stage = typeof store === 'string' ? await openStage(store) : store
  try {
    return await startCurfewOn(stage, changes)
  } catch (error) {
    if (typeof store === 'string') stage.remove()
    throw error
  }
}
