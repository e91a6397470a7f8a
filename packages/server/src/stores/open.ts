import { type EffectPlan, noEffects, type Store } from '#authority'
import { openPostgres } from './postgres/engine.ts'
import { openSqlite } from './sqlite/engine.ts'
import { createStore } from './store.ts'

export type StoreConfig =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string }

export interface StoreOptions {
  /** Connections to PostgreSQL, beside one that writes ends and one that listens. Default 16. */
  readonly poolSize?: number
  /** Shifts the store's clock by so many milliseconds. For tests alone: nothing but code can set it. */
  readonly clockOffsetMs?: () => number
  /** Whom starts and ends are told to. Default: nobody; a provider's tokens are handed back always. */
  readonly effects?: EffectPlan
}

const poolSizeDefault = 16
/** Of one process to PostgreSQL, at most. */
export const connectionsMax = poolSizeDefault + 2

/**
 * Connects, migrates and, on PostgreSQL, renews the feed's epoch if the database was restored (rule 7).
 *
 * @throws StoreUnavailable, StoreTooNew
 */
export async function openStore(config: StoreConfig, options: StoreOptions = {}): Promise<Store> {
  const { poolSize = poolSizeDefault, clockOffsetMs, effects = noEffects } = options
  switch (config.kind) {
    case 'sqlite':
      return createStore(openSqlite({ path: config.path, clockOffsetMs, effects }))
    case 'postgres':
      return createStore(await openPostgres({ url: config.url, poolSize, clockOffsetMs, effects }))
    default:
      return config satisfies never
  }
}
