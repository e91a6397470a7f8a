import type { Logger } from 'pino'
import type { House } from './house.ts'

const retryMs = 1000

type Keys = Pick<House, 'ring' | 'store' | 'signingKeys'>

/**
 * Signing keys and secrets as the store has them, read again when another replica or the command line
 * changed them. Each change begins a read of its own, so that one that hangs delays no later one; an
 * answer that began before the one in force is dropped. A read that failed is repeated until it
 * succeeds, because nothing else would.
 */
export class KeyLoads {
  readonly #keys: () => Keys
  readonly #log: Pick<Logger, 'warn'>
  #begun = 0
  #inForce = 0

  constructor(keys: () => Keys, log: Pick<Logger, 'warn'>) {
    this.#keys = keys
    this.#log = log
  }

  changed(): void {
    this.#begun += 1
    void this.#load(this.#begun)
  }

  async #load(turn: number): Promise<void> {
    try {
      const { ring, store, signingKeys } = this.#keys()
      const listed = await store.keyIds()
      if (turn > this.#inForce) {
        this.#inForce = turn
        ring.update(listed)
      }
      // It has a guard of the same kind.
      await signingKeys.load()
    } catch (error) {
      if (turn < this.#begun) return
      this.#log.warn({ err: error }, 'keys could not be loaded; trying again in a second')
      setTimeout(() => this.changed(), retryMs).unref()
    }
  }
}
