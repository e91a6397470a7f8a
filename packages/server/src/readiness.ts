import type { Readiness as Ready } from '#http'
import type { House } from './house.ts'
import type { ServerMemory } from './memory.ts'
import type { RedisConnection } from './redis-connection.ts'

/**
 * Whether this replica may be given requests (rules 6 and 35): its tail is at the head and not staler
 * than `maxStaleness`, its clock agrees with the store's, and nobody has asked it to stop. Redis is named,
 * and its being away makes nothing unready.
 */
export class Readiness {
  readonly #house: House & { readonly memory: ServerMemory }
  readonly #redis: Pick<RedisConnection, 'ready' | 'resting'> | undefined
  #stopping = false

  constructor(
    house: House & { readonly memory: ServerMemory },
    redis: Pick<RedisConnection, 'ready' | 'resting'> | undefined,
  ) {
    this.#house = house
    this.#redis = redis
  }

  stop(): void {
    this.#stopping = true
  }

  now(): Ready {
    const { memory, clock, policy } = this.#house
    const { tail } = memory
    const { onStale, maxStalenessMs } = policy.config.revocation
    const stale = tail.stalenessMs > maxStalenessMs
    const dependencies = {
      store: tail.stalenessMs === Number.POSITIVE_INFINITY || stale ? 'does not answer' : 'ok',
      feed: !tail.ready ? 'not loaded yet' : stale ? 'stale' : 'ok',
      clock: clock.trusted ? 'ok' : 'differs from the clock of the store',
      server: this.#stopping ? 'stopping' : 'ok',
      ...this.#redisState(),
    }
    const refusesStale = stale && onStale === 'reject'
    const ready = tail.ready && !refusesStale && clock.trusted && !this.#stopping
    return { ready, dependencies, retryAfterSeconds: 1 }
  }

  #redisState(): Readonly<Record<string, string>> {
    const redis = this.#redis
    if (redis === undefined) return {}
    if (!redis.ready) return { redis: 'out of reach; going on without it' }
    return { redis: redis.resting ? 'does not answer; going on without it' : 'ok' }
  }
}
