/*
 * Carries out the effects of one target. Couriers of different targets know nothing of each other, so a
 * target that is down or slow holds up its own rows alone.
 *
 *   idle -> claiming (woken) -> carrying (up to `placesMax` at once) -> claiming (a place is free) … -> idle
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Delivery, EffectStore, EffectTarget, GivenUp, LeasedEffect } from '#authority'
import { retryDelayMs } from './back-off.ts'
import { Circuit } from './circuit.ts'

/** Carries out one effect. What it throws counts as a failure. */
export type Deliver = (effect: LeasedEffect, signal: AbortSignal) => Promise<Delivery>

/** What happened, for those who count and log. Reasons hold no secret. */
export interface EffectSignals {
  delivered(effect: LeasedEffect): void
  failed(effect: LeasedEffect, why: string): void
  gaveUp(effect: GivenUp, why: string | null): void
  /** The store did not answer, or something of ours went wrong; it is tried again. */
  disturbed(error: unknown): void
}

export interface CourierOptions {
  readonly at: EffectTarget
  readonly deliver: Deliver
  readonly store: Pick<
    EffectStore,
    'claimEffects' | 'finishEffects' | 'postponeEffect' | 'giveUpEffect'
  >
  /** Names this process among those that lease. */
  readonly owner: string
  readonly giveUpAfterMs: number
  readonly signals: EffectSignals
  /** Between 0 and 1. */
  readonly jitter: () => number
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number
}

const placesMax = 16
/** Longer than an attempt may last, and than it takes to write down what became of it. */
const leaseMs = 30_000
const attemptMsMax = 25_000

export class Courier {
  readonly #options: CourierOptions
  readonly #circuit = new Circuit(placesMax)
  readonly #underWay = new Set<Promise<void>>()
  readonly #aborting = new AbortController()
  #done: number[] = []
  #claiming: Promise<void> | undefined
  #again = false
  #stopped = false

  constructor(options: CourierOptions) {
    this.#options = options
  }

  /** Something may be due. */
  wake(): void {
    if (this.#stopped) return
    this.#again = true
    this.#claiming ??= this.#claimAll().finally(() => {
      this.#claiming = undefined
      if (this.#again) this.wake()
    })
  }

  /** Claims no more; what is under way may finish until the signal aborts. */
  async stop(signal: AbortSignal): Promise<void> {
    this.#stopped = true
    await this.#claiming
    signal.addEventListener('abort', () => this.#aborting.abort(), { once: true })
    if (signal.aborted) this.#aborting.abort()
    await Promise.all(this.#underWay)
    await this.#finish()
  }

  async #claimAll(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false
      // What is done goes first: the next of its lane may follow.
      if (await this.#finish()) await this.#claim()
    }
  }

  async #claim(): Promise<void> {
    const { at, store, owner, now, signals } = this.#options
    const limit = this.#circuit.places(now()) - this.#underWay.size
    if (limit <= 0) return
    try {
      const leased = await store.claimEffects({ ...at, owner, leaseMs, limit })
      for (const effect of leased) this.#begin(effect)
    } catch (error) {
      signals.disturbed(error)
    }
  }

  #begin(effect: LeasedEffect): void {
    const carrying: Promise<void> = this.#carry(effect).finally(() => {
      this.#underWay.delete(carrying)
      this.wake()
    })
    this.#underWay.add(carrying)
  }

  async #carry(effect: LeasedEffect): Promise<void> {
    const { signals } = this.#options
    const delivery = await this.#attempt(effect)
    // The process stops: the row goes back as it was.
    if (this.#aborting.signal.aborted && delivery.kind === 'failed') return
    try {
      await this.#settle(effect, delivery)
    } catch (error) {
      // The lease runs out, and somebody tries again.
      signals.disturbed(error)
    }
  }

  /** An attempt that hangs must not keep its place for ever. */
  async #attempt(effect: LeasedEffect): Promise<Delivery> {
    const over = new AbortController()
    const signal = AbortSignal.any([this.#aborting.signal, over.signal])
    const late = delay(attemptMsMax, undefined, { ref: false, signal }).then(
      () => failure(`nothing came of it within ${attemptMsMax / 1000} s`),
      () => failure('the process stops'),
    )
    try {
      return await Promise.race([this.#options.deliver(effect, signal), late])
    } catch (error) {
      this.#options.signals.disturbed(error)
      return failure(error instanceof Error ? error.name : 'an unknown error')
    } finally {
      over.abort()
    }
  }

  async #settle(effect: LeasedEffect, delivery: Delivery): Promise<void> {
    const { signals, giveUpAfterMs, now } = this.#options
    switch (delivery.kind) {
      case 'done':
        this.#circuit.succeeded()
        this.#done.push(effect.id)
        signals.delivered(effect)
        return
      case 'refused':
        return this.#giveUp(effect, delivery.why)
      case 'failed':
        this.#circuit.failed(now(), delivery.retryAfterMs)
        signals.failed(effect, delivery.why)
        if (effect.openMs >= giveUpAfterMs) return this.#giveUp(effect, delivery.why)
        return this.#postpone(effect, delivery)
      default:
        return delivery satisfies never
    }
  }

  async #giveUp(effect: LeasedEffect, why: string): Promise<void> {
    const { store, owner, signals } = this.#options
    const result = await store.giveUpEffect(effect, { owner, why })
    if (result === 'given-up') signals.gaveUp(effect, why)
  }

  async #postpone(
    effect: LeasedEffect,
    { why, retryAfterMs }: Extract<Delivery, { kind: 'failed' }>,
  ): Promise<void> {
    const { store, owner, jitter } = this.#options
    const delayMs = retryDelayMs(effect.attempts, { retryAfterMs, jitter })
    await store.postponeEffect(effect, { owner, delayMs, why })
  }

  /** All that was delivered meanwhile goes in one statement. False: not now. */
  async #finish(): Promise<boolean> {
    const done = this.#done
    if (done.length === 0) return true
    this.#done = []
    try {
      await this.#options.store.finishEffects(done)
      return true
    } catch (error) {
      // Kept, so that nothing is delivered twice merely because the store was away.
      this.#done.push(...done)
      this.#options.signals.disturbed(error)
      return false
    }
  }
}

function failure(why: string): Delivery {
  return { kind: 'failed', why, retryAfterMs: null }
}
