import type { LiveSession } from '#domain'
import { describeSession } from './describe-session.ts'
import type { EffectEvent, EffectPlan } from './effect-ports.ts'

/** Nothing is told to anybody. */
export const noEffects: EffectPlan = { webhooks: [] }

/** The webhooks that hear of an event. */
export function toldOf(plan: EffectPlan, event: EffectEvent): readonly string[] {
  return plan.webhooks.filter(({ events }) => events.includes(event)).map(({ target }) => target)
}

/** Written down at the start: the row may have changed by the time that it is told. */
export function startPayload(session: LiveSession): string {
  return JSON.stringify(describeSession(session))
}
