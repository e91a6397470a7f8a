import { VerifierFault } from './errors.ts'
import { decodeState, encodeState, type KeptState, type StateStore } from './state.ts'
import type { Timing } from './timing.ts'

export interface KeepingOptions {
  readonly store: StateStore
  readonly issuer: string
  readonly timing: Timing
  readonly onFault: (fault: VerifierFault) => void
  /** Undefined while there is nothing to keep. */
  readonly state: () => KeptState | undefined
}

/** Between two times of keeping: what was missed is a short pull. */
const keepEveryMs = 60_000

/** Brings the last known state back, and keeps it from time to time. What fails is told and no more. */
export class Keeping {
  readonly #options: KeepingOptions
  #keptAtMs = Number.NEGATIVE_INFINITY
  #saving: Promise<void> = Promise.resolve()

  constructor(options: KeepingOptions) {
    this.#options = options
  }

  async load(): Promise<KeptState | undefined> {
    try {
      const bytes = await this.#options.store.load()
      return bytes ? decodeState(this.#options.issuer, bytes) : undefined
    } catch (error) {
      // Chosen outcome: start without it, as on the first day.
      this.#failed('The last known state cannot be used; everything is loaded.', error)
      return undefined
    }
  }

  /** After a good pull. */
  due(): void {
    const nowMs = this.#options.timing.monotonicMs()
    if (nowMs - this.#keptAtMs < keepEveryMs) return
    this.#keptAtMs = nowMs
    void this.save()
  }

  /** One at a time, in order; the last one stands. */
  save(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#save())
    return this.#saving
  }

  async #save(): Promise<void> {
    const { store, issuer, state } = this.#options
    try {
      const now = state()
      if (now !== undefined) await store.save(encodeState(issuer, now))
    } catch (error) {
      this.#failed('The state cannot be kept.', error)
    }
  }

  #failed(message: string, cause: unknown): void {
    this.#options.onFault(new VerifierFault('state_failed', message, { cause }))
  }
}
