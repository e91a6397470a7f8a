import type { Logger } from 'pino'
import type { RecordedEnd, Store } from '#authority'
import type { TailView } from '#cache'
import type { Config } from '#config'
import type { SessionId } from '#domain'
import { joinHints, openStream, Tail } from '#feed'
import type { FeedEvents, Metrics } from '#http'
import type { Sealer } from '#tokens'
import type { StoreClock } from './clock.ts'
import type { Memory } from './house.ts'
import type { RedisConnection } from './redis-connection.ts'
import { RedisJoins } from './redis-joins.ts'
import { openLevels, type SnapshotLevels } from './snapshot-levels.ts'

/** What a server remembers between requests: the tail's denylist, and snapshots that it vouches for. */
export interface ServerMemory extends Memory {
  readonly cache: SnapshotLevels['cache']
  /** Nothing may be answered from memory (rule 35); never with `onStale: accept`. */
  stale(): boolean
  /** What was made of a session's older state must go. One listener. */
  onSessionChange(listener: (sid: SessionId) => void): void
  readonly tail: Tail
  readonly events: FeedEvents
  /** What ended is buried in Redis by it, whatever became of whoever ended it. */
  readonly tombstones: SnapshotLevels['tombstones']
}

export interface MemoryOptions {
  readonly store: Store
  readonly clock: StoreClock
  readonly sealer: Sealer
  readonly redis: RedisConnection | undefined
  readonly config: Config
  readonly log: Logger
  readonly metrics: Metrics
  /** Signing keys or secrets changed in the store. */
  readonly onKeysChanged: () => void
  /** This process has recorded an end. */
  readonly onEnd: (ended: RecordedEnd) => void
}

export function serverMemory(options: MemoryOptions): ServerMemory {
  const { store, clock, config, metrics } = options
  const { pullIntervalMs, maxStalenessMs } = config.revocation
  const accepts = config.revocation.onStale === 'accept'
  const remembered: { cache?: SnapshotLevels['cache']; changed?: (sid: SessionId) => void } = {}
  const joins = options.redis === undefined ? undefined : redisJoins(options, options.redis)
  const tail = new Tail({
    store,
    clock,
    pullIntervalMs,
    maxStalenessMs,
    signals: {
      ...tailSignals(options, () => remembered.cache?.clear()),
      followed: (head) => joins?.followed(head),
    },
  })
  joins?.follow(tail)
  const stale = () => tail.stale && !accepts
  const levels = openLevels({
    ...options,
    tail: tailView(tail, stale),
    onChange: (sid) => remembered.changed?.(sid),
  })
  const { cache } = levels
  remembered.cache = cache
  measure(metrics, tail)
  const events: FeedEvents = {
    open: ({ position, all, signal }) =>
      openStream({ store, tail, now: () => clock.now(), position, all, signal }),
  }
  const onSessionChange: ServerMemory['onSessionChange'] = (listener) => {
    remembered.changed = listener
  }
  const denylist = toldDenylist(tail, (ended) => {
    options.onEnd(ended)
    joins?.ended(ended)
    levels.bury(ended)
  })
  const hints = joins === undefined ? store : joinHints(store, joins.hints)
  const close = async () => {
    tail.close()
    await Promise.all([joins?.close(), levels.idle()])
  }
  const { tombstones } = levels
  return { denylist, hints, cache, tail, events, tombstones, stale, onSessionChange, close }
}

/** Denied here first and always (rule 35); what follows waits for nothing and fails nothing. */
function toldDenylist(tail: Tail, tell: (ended: RecordedEnd) => void): Memory['denylist'] {
  return {
    denies: (sid) => tail.denies(sid),
    deny: (ended) => {
      tail.deny(ended)
      tell(ended)
    },
  }
}

function redisJoins(options: MemoryOptions, redis: RedisConnection): RedisJoins {
  const { config, sealer, metrics } = options
  return new RedisJoins({ redis, config, sealer, metrics })
}

function tailView(tail: Tail, stale: () => boolean): TailView {
  return {
    get epoch() {
      return tail.epoch
    },
    get floor() {
      return tail.floor
    },
    get stale() {
      return stale()
    },
    denies: (sid) => tail.denies(sid),
  }
}

const staleWords = {
  reject: 'the feed has been out of reach for longer than maxStaleness: sessions are refused (503)',
  accept:
    'the feed has been out of reach for longer than maxStaleness, and onStale is accept: sessions that may have ended elsewhere are still let in',
} as const

function tailSignals(
  { log, onKeysChanged, config }: MemoryOptions,
  emptyCaches: () => void,
): NonNullable<ConstructorParameters<typeof Tail>[0]['signals']> {
  const { onStale } = config.revocation
  return {
    keysChanged: onKeysChanged,
    lost: (cause) => {
      emptyCaches()
      log.warn({ cause }, 'the feed is loaded anew; until then nothing is answered from memory')
    },
    renewed: (epoch) =>
      log.error(
        { epoch },
        'the store is older than what replicas or Redis have seen of it: was it restored? Run `curfew recover`',
      ),
    failed: (error, failures) =>
      log.warn({ err: error, failures }, 'the feed could not be read; trying again'),
    stale: (stalenessMs) => log.error({ stalenessMs, onStale }, staleWords[onStale]),
    denylistLarge: (size) => log.error({ size }, 'the denylist is very large; nothing is dropped'),
  }
}

function measure(metrics: Metrics, tail: Tail): void {
  metrics.source('curfew_feed_lag_seconds', () => tail.lagSeconds)
  metrics.source('curfew_feed_staleness_seconds', () => finite(tail.stalenessMs / 1000))
  metrics.source('curfew_denylist_entries', () => tail.denied)
}

/** Before the first read the staleness is infinite, which no graph can show: the largest number is. */
function finite(value: number): number {
  return Number.isFinite(value) ? value : Number.MAX_SAFE_INTEGER
}
