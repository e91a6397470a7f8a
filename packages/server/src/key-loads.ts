import type { Logger } from 'pino'
import type { House } from './house.ts'

const retryMs = 1000

/**
 * Signing keys and secrets as the store has them, read again when another replica or the command line
 * changed them. One load at a time, so that no older answer overwrites a newer one; one that failed is
 * repeated until it succeeds, because nothing else would.
 *
 *   idle -> loading (a change) -> loading again (a change meanwhile) or waiting (it failed) -> idle
 */
export class KeyLoads {
  readonly #house: () => Pick<House, 'ring' | 'store' | 'signingKeys'>
  readonly #log: Pick<Logger, 'warn'>
  #loading = false
  #again = false

  constructor(
    house: () => Pick<House, 'ring' | 'store' | 'signingKeys'>,
    log: Pick<Logger, 'warn'>,
  ) {
    this.#house = house
    this.#log = log
  }

  changed(): void {
    this.#again = true
    if (!this.#loading) void this.#load()
  }

  async #load(): Promise<void> {
    this.#loading = true
    while (this.#again) {
      this.#again = false
      try {
        const { ring, store, signingKeys } = this.#house()
        ring.update(await store.keyIds())
        await signingKeys.load()
      } catch (error) {
        this.#log.warn({ err: error }, 'keys could not be loaded; trying again in a second')
        setTimeout(() => this.changed(), retryMs).unref()
        break
      }
    }
    this.#loading = false
  }
}
