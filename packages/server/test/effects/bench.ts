/* An outbox in a file of its own, whose clock the test moves, and couriers that go where it says. */
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Delivery, EffectPlan, EffectTarget, LeasedEffect, Store } from '#authority'
import { openStore } from '#stores'
import { tempFolder } from '#test/services/index.ts'
import { Courier, type CourierOptions, type Deliver } from '../../src/effects/courier.ts'
import { both } from '../contract/effects-suite.ts'

export interface OutboxBench {
  readonly store: Store
  /** The store's clock and the couriers'. */
  advance(milliseconds: number): void
  courier(at: EffectTarget, deliver: Deliver, options?: Partial<CourierOptions>): Courier
  /** What couriers signalled, in order: `delivered session.ended`, `failed status 500`, `gave up …`. */
  readonly told: string[]
}

export async function openOutbox(effects: EffectPlan = both): Promise<OutboxBench> {
  const folder = tempFolder()
  let shiftMs = 0
  const path = join(folder.path, 'curfew.db')
  const store = await openStore({ kind: 'sqlite', path }, { effects, clockOffsetMs: () => shiftMs })
  const couriers: Courier[] = []
  onTestFinished(async () => {
    await Promise.all(couriers.map((courier) => courier.stop(AbortSignal.abort())))
    await store.close()
    folder.remove()
  })
  const told: string[] = []
  return {
    store,
    told,
    advance: (milliseconds) => {
      shiftMs += milliseconds
    },
    courier: (at, deliver, options = {}) => {
      const courier = new Courier({
        ...{ at, deliver, store },
        owner: `worker ${couriers.length}`,
        giveUpAfterMs: 3_600_000,
        jitter: () => 0,
        now: () => shiftMs,
        signals: {
          delivered: ({ event }) => told.push(`delivered ${event}`),
          failed: (_, why) => told.push(`failed ${why}`),
          gaveUp: ({ event }, why) => told.push(`gave up ${event}: ${why}`),
          disturbed: (error) => told.push(`disturbed: ${String(error)}`),
        },
        ...options,
      })
      couriers.push(courier)
      return courier
    },
  }
}

export const done: Delivery = { kind: 'done' }
export const failed = (why: string, retryAfterMs: number | null = null): Delivery => ({
  kind: 'failed',
  why,
  retryAfterMs,
})

export const hookA: EffectTarget = { kind: 'webhook', target: 'wh_a' }
export const hookEnds: EffectTarget = { kind: 'webhook', target: 'wh_ends' }

/** A receiver that notes what it gets, and answers what `answer` says. */
export function receiver(answer: (effect: LeasedEffect) => Promise<Delivery> | Delivery) {
  const got: LeasedEffect[] = []
  const deliver: Deliver = async (effect) => {
    got.push(effect)
    return answer(effect)
  }
  return { got, deliver }
}
