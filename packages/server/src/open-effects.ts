import { randomBytes, randomInt } from 'node:crypto'
import type { Logger } from 'pino'
import {
  type EffectKind,
  handBack,
  type LeasedEffect,
  type ProviderGrants,
  StoreUnavailable,
} from '#authority'
import type { Config } from '#config'
import {
  createPost,
  createWebhook,
  type EffectSignals,
  EffectWorker,
  type KnownTarget,
  TombstoneWriter,
  webhookTarget,
} from '#effects'
import type { Metrics } from '#http'
import type { ProxyEnvironment } from '#oidc'
import type { House } from './house.ts'
import type { ServerMemory } from './memory.ts'
import { RedisUnavailable } from './redis-unavailable.ts'

export interface EffectsOptions {
  readonly house: House & { readonly memory: Pick<ServerMemory, 'tombstones'> }
  readonly grants: ProviderGrants
  readonly metrics: Metrics
  readonly log: Logger
  readonly proxyEnv: ProxyEnvironment
}

/** What `serve` stops at the end: what is under way may finish until the signal aborts. */
export interface Effects {
  close(drained: AbortSignal): Promise<void>
}

/** The worker of the outbox, joined to webhooks, providers and Redis, and running. */
export function openEffects(options: EffectsOptions): Effects {
  const { house, metrics } = options
  const { store, policy, memory } = house
  const { tombstones } = memory
  const owner = randomBytes(12).toString('base64url')
  const signals = effectSignals(options)
  const worker = new EffectWorker({
    ...{ store, owner, signals },
    targets: knownTargets(options),
    giveUpAfterMs: policy.config.effects.giveUpAfterMs,
    jitter: () => randomInt(1_000_000) / 1_000_000,
    now: () => performance.now(),
  })
  const writer =
    tombstones === undefined
      ? undefined
      : new TombstoneWriter({ store, tombstones, owner, signals })
  measure(metrics, worker)
  worker.start()
  writer?.start()
  return {
    close: async (drained) => {
      await Promise.all([worker.stop(drained), writer?.stop()])
    },
  }
}

/** Webhooks as they were at the start, providers as they are now (SIGHUP). */
function knownTargets(options: EffectsOptions): () => readonly KnownTarget[] {
  const { policy } = options.house
  const webhooks = webhooksOf(options)
  let known: { readonly config: Config; readonly targets: readonly KnownTarget[] } | undefined
  return () => {
    const { config } = policy
    if (known?.config !== config) {
      known = { config, targets: [...webhooks, ...providersOf(config, options)] }
    }
    return known.targets
  }
}

function webhooksOf({ house, proxyEnv }: EffectsOptions): readonly KnownTarget[] {
  const { clock, policy } = house
  const post = createPost(proxyEnv)
  return policy.config.webhooks.map((webhook) => ({
    kind: 'webhook',
    target: webhookTarget(webhook.url),
    deliver: createWebhook(webhook, { post, clock }),
  }))
}

function providersOf({ identityProviders }: Config, options: EffectsOptions): KnownTarget[] {
  const { house, grants, metrics } = options
  const { store, sealer: seal } = house
  const signals = {
    revoked: (_: string, result: 'revoked' | 'unsupported' | 'failed' | 'siblings') =>
      metrics.count('curfew_provider_revocation_total', { result }),
  }
  return identityProviders.map(({ id }) => ({
    kind: 'provider_revocation',
    target: id,
    deliver: (effect: LeasedEffect) => handBack({ store, seal, grants, signals }, effect),
  }))
}

function effectSignals({ metrics, log }: EffectsOptions): EffectSignals {
  const count = (kind: EffectKind, result: 'delivered' | 'failed' | 'given_up') =>
    metrics.count('curfew_effects_total', { kind, result })
  return {
    delivered: ({ kind }) => count(kind, 'delivered'),
    failed: ({ id, kind, target, event, attempts }, why) => {
      count(kind, 'failed')
      log.warn({ effect: id, kind, target, event, attempts, why }, 'an effect failed; tried again')
    },
    gaveUp: ({ id, kind, target, event, sid }, why) => {
      count(kind, 'given_up')
      log.error(
        { effect: id, kind, target, event, sid, why },
        'an effect was given up; `curfew effects retry` tries it again',
      )
      if (event !== 'session.ended') return
      const result = kind === 'webhook' ? 'kick_fail' : 'revoke_fail'
      metrics.count('curfew_logout_total', { result })
    },
    disturbed: (error) => {
      // Whoever reads the feed says it, and whoever keeps the connection to Redis; each once.
      const isAway = error instanceof StoreUnavailable || error instanceof RedisUnavailable
      if (isAway) log.debug({ err: error }, 'an effect waits: the store or Redis did not answer')
      else log.error({ err: error }, 'an effect met something unforeseen; it is tried again')
    },
  }
}

function measure(metrics: Metrics, worker: EffectWorker): void {
  const waiting = (kind: EffectKind) => worker.counts(kind).waiting
  const oldest = (kind: EffectKind) => (worker.counts(kind).oldestMs ?? 0) / 1000
  metrics.source('curfew_effects_webhooks_waiting', () => waiting('webhook'))
  metrics.source('curfew_effects_webhooks_oldest_seconds', () => oldest('webhook'))
  metrics.source('curfew_effects_revocations_waiting', () => waiting('provider_revocation'))
  metrics.source('curfew_effects_revocations_oldest_seconds', () => oldest('provider_revocation'))
}
