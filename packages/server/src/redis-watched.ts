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
  // Each is said once for as long as it lasts: it is tried again for ever.
  let away = false
  let deaf = false
  const lost = () => metrics.count('curfew_redis_disconnects_total', {})
  const redis = openRedis(config, {
    signals: {
      up: () => {
        away = false
        log.info('Redis is connected')
      },
      down: (why) => {
        lost()
        if (!away) log.warn({ err: why }, awayWords)
        away = true
      },
      deaf: (why) => {
        lost()
        // While Redis is away that says it all; if it lasts beyond that, it is said.
        if (deaf || away) return
        deaf = true
        log.warn({ err: why }, deafWords)
      },
      failed: (reason) => metrics.count('curfew_redis_failures_total', { reason }),
    },
  })
  redis.onReady(() => {
    deaf = false
  })
  metrics.source('curfew_redis_up', () => Number(redis.ready && !redis.resting))
  metrics.source('curfew_redis_listening', () => Number(redis.listening))
  return redis
}

const awayWords = 'Redis is out of reach; going on without it, and trying again'
const deafWords =
  'no messages are heard from Redis; ends of other replicas are known by NOTIFY or within pullInterval'
