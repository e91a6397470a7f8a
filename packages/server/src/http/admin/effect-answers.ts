import type { AdministrativeAct, ListedEffect, RetryChoice } from '#authority'
import { toSeconds } from '#domain'
import { webhookTarget } from '#effects'

export const effectStates = ['waiting', 'failed', 'given-up', 'all'] as const

/** Which webhook a target is, without what its URL may hold beside the host. */
export function webhookHosts(
  webhooks: readonly { readonly url: string }[],
): ReadonlyMap<string, string> {
  return new Map(webhooks.map(({ url }) => [webhookTarget(url), new URL(url).host]))
}

/** An effect as `GET /admin/effects` and `curfew effects list --json` tell it. */
export function effectJson(effect: ListedEffect, hosts: ReadonlyMap<string, string>) {
  return {
    id: effect.id,
    kind: effect.kind,
    event: effect.event,
    target: effect.target,
    target_name: nameOf(effect, hosts),
    sid: effect.sid,
    state: effect.state,
    created_at: toSeconds(effect.createdAt),
    due_at: toSeconds(effect.dueAt),
    gave_up_at: effect.gaveUpAt === null ? null : toSeconds(effect.gaveUpAt),
    attempts: effect.attempts,
    last_error: effect.lastError,
  }
}

/** What the audit keeps of a retry, whoever asked for it. */
export function retryAct(choice: RetryChoice): AdministrativeAct {
  const target = choice.by === 'target' ? choice.target : null
  const detail = choice.by === 'id' ? { ids: choice.ids } : {}
  return { action: 'effects_retried', target, detail }
}

/** Null: a webhook that is not in this configuration. */
function nameOf({ kind, target }: ListedEffect, hosts: ReadonlyMap<string, string>) {
  return kind === 'webhook' ? (hosts.get(target) ?? null) : target
}
