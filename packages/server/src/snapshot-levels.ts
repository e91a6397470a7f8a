import type { RecordedEnd, SnapshotCache, Tombstones } from '#authority'
import { SharedSnapshots, Snapshots, type SnapshotsOptions, TwoLevels } from '#cache'
import type { SessionId } from '#domain'
import type { Metrics } from '#http'
import type { Sealer } from '#tokens'
import type { StoreClock } from './clock.ts'
import type { RedisConnection } from './redis-connection.ts'

export interface LevelsOptions extends Pick<SnapshotsOptions, 'tail' | 'onChange'> {
  readonly clock: StoreClock
  readonly sealer: Sealer
  readonly redis: RedisConnection | undefined
  readonly metrics: Metrics
}

/** The snapshots of this process, and with Redis those of all replicas behind them. */
export interface SnapshotLevels {
  readonly cache: SnapshotCache & {
    clear(): void
    /** Another process changed it; undefined: it may be any. */
    hint(sid: SessionId | undefined): void
  }
  /** Its end is committed: behind the answer, no replica finds it in Redis any more. */
  bury(ended: RecordedEnd): void
  /** The same for ends that the feed tells of; undefined: without Redis there is nothing to bury. */
  readonly tombstones: Tombstones | undefined
  /** What is still to be written is written or given up. */
  idle(): Promise<void>
}

export function openLevels(options: LevelsOptions): SnapshotLevels {
  const { clock, redis, tail, onChange, metrics } = options
  // In doubt about the store's clock nothing is dated by it (rule 6).
  const storeNow = () => (clock.trusted ? clock.now() : undefined)
  const shared = redis && openShared({ ...options, redis }, storeNow)
  const around: SnapshotsOptions = {
    tail,
    storeNow,
    processNow: () => clock.processNow(),
    ...(onChange === undefined ? {} : { onChange }),
  }
  if (shared === undefined) {
    const cache = new Snapshots(around)
    measure(metrics, cache)
    return { cache, bury: () => undefined, tombstones: undefined, idle: async () => undefined }
  }
  const recalled: TwoLevelsRecalled = (result) =>
    metrics.count('curfew_cache_shared_reads_total', { result })
  const cache = new TwoLevels({ ...around, shared, storeNow, recalled })
  measure(metrics, cache.process)
  const tombstones: Tombstones = {
    write: (epoch, entries) =>
      shared.buryAgain(
        epoch,
        entries.map(({ sid }) => sid),
      ),
  }
  return { cache, bury: (ended) => cache.bury(ended), tombstones, idle: () => shared.idle() }
}

type TwoLevelsRecalled = ConstructorParameters<typeof TwoLevels>[0]['recalled']

function openShared(
  { redis, sealer, metrics }: LevelsOptions & { readonly redis: RedisConnection },
  storeNow: () => ReturnType<StoreClock['now']> | undefined,
): SharedSnapshots {
  const shared = new SharedSnapshots({
    connection: redis,
    seal: sealer,
    storeNow,
    wrote: (kind, result) => metrics.count('curfew_cache_shared_writes_total', { kind, result }),
  })
  metrics.source('curfew_cache_shared_waiting', () => shared.waiting)
  return shared
}

function measure(metrics: Metrics, process: TwoLevels['process']): void {
  metrics.source('curfew_cache_entries', () => process.size)
  metrics.source('curfew_cache_hits_total', () => process.hits)
  metrics.source('curfew_cache_misses_total', () => process.misses)
  metrics.source('curfew_cache_evictions_total', () => process.evictions)
}
