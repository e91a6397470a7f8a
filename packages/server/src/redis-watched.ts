import type { Logger } from 'pino'
import type { Config } from '#config'
import type { Metrics } from '#http'
import { openRedis, type RedisConnection } from './redis-connection.ts'

/** Redis, if it is configured: connected in the background, with its coming and going in log and metrics. */
export function openWatchedRedis(
  { redis: config }: Pick<Config, 'redis'>,
  { log, metrics }: { readonly log: Logger; readonly metrics: Metrics },
): RedisConnection | undefined {
  if (config === null) return undefined
  let away = false
  const redis = openRedis(config, {
    signals: {
      up: () => {
        away = false
        log.info('Redis is connected')
      },
      down: (why) => {
        metrics.count('curfew_redis_disconnects_total', {})
        // Once for as long as it lasts: it is tried again for ever.
        if (away) return
        away = true
        log.warn({ err: why }, 'Redis is out of reach; going on without it, and trying again')
      },
      failed: (reason) => metrics.count('curfew_redis_failures_total', { reason }),
    },
  })
  metrics.source('curfew_redis_up', () => Number(redis.ready && !redis.resting))
  return redis
}
