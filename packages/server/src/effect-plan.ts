import type { EffectPlan } from '#authority'
import type { Config } from '#config'
import { webhookTarget } from '#effects'

/** Whom the configuration wants told of starts and ends; the store writes by it, at the command line too. */
export function effectPlanOf({ webhooks }: Pick<Config, 'webhooks'>): EffectPlan {
  return {
    webhooks: webhooks.map(({ url, events }) => ({ target: webhookTarget(url), events })),
  }
}
