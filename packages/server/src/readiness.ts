import type { Readiness as Ready } from '#http'
import type { House } from './house.ts'
import type { ServerMemory } from './memory.ts'

/**
 * Whether this replica may be given requests (rules 6 and 35): its tail is at the head and not staler
 * than `maxStaleness`, its clock agrees with the store's, and nobody has asked it to stop.
 */
export class Readiness {
  readonly #house: House & { readonly memory: ServerMemory }
  #stopping = false

  constructor(house: House & { readonly memory: ServerMemory }) {
    this.#house = house
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
    }
    const refusesStale = stale && onStale === 'reject'
    const ready = tail.ready && !refusesStale && clock.trusted && !this.#stopping
    return { ready, dependencies, retryAfterSeconds: 1 }
  }
}
