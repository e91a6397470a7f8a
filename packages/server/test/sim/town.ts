/*
 * Everything that a run plays with, as real processes: replicas of `curfew serve`, each behind a wire of its
 * own to PostgreSQL and to Redis, and a provider that does what it is told. Whoever asks chooses the replica.
 */

import type { Api } from '#test/harness/api.ts'
import { merge } from '#test/harness/config.ts'
import { type Curfew, startCurfewOn } from '#test/harness/curfew.ts'
import { eventually } from '#test/harness/eventually.ts'
import type { JsonObject } from '#test/harness/json.ts'
import { type ScriptableProvider, startScriptableProvider } from '#test/oidc/scriptable-provider.ts'
import { type OwnStage, ownPostgres } from '#test/races/rig/own-postgres.ts'
import { Wire } from '#test/races/rig/wire.ts'
import { freePort, type Redis, startRedis } from '#test/services/index.ts'

/** The application that people sign in for. */
export const application = 'http://127.0.0.1:8000'

export const pullIntervalMs = 500
export const maxStalenessMs = 5000
export const providerTimeoutMs = 2000
const providerLifeSeconds = 2

const readyWithinMs = 60_000
const restartsMax = 4

export class TownReplica {
  readonly name: string
  readonly store: Wire
  readonly redis: Wire
  /** The process; another one after `restart`. */
  #curfew: Curfew
  /** What the processes before it said. */
  #said = ''

  constructor(name: string, wires: { readonly store: Wire; readonly redis: Wire }, curfew: Curfew) {
    this.name = name
    this.store = wires.store
    this.redis = wires.redis
    this.#curfew = curfew
  }

  get api(): Api {
    return this.#curfew.api
  }

  get curfew(): Curfew {
    return this.#curfew
  }

  log(): string {
    return this.#said + this.#curfew.log()
  }

  async kill(): Promise<void> {
    await this.#curfew.kill()
    this.#said += this.#curfew.log()
  }

  /**
   * After `kill`: the next process at the same address. One that gives up because the store is away for
   * long is started again, as whatever supervises it would.
   */
  async restart(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        this.#curfew = await this.#curfew.restart()
        return
      } catch (error) {
        if (attempt === restartsMax) throw error
      }
    }
  }

  async whenReady(): Promise<void> {
    const ask = async (): Promise<true | undefined> => {
      const answer = await this.api
        .get('/readyz', { signal: AbortSignal.timeout(1000) })
        .catch(() => undefined)
      return answer?.status === 200 ? true : undefined
    }
    await eventually(ask, {
      withinMs: readyWithinMs,
      everyMs: 50,
      what: `readiness of ${this.name}`,
    })
  }
}

export interface TownOptions {
  /** Another `bin.ts` for some of the replicas, by their number. */
  readonly programs?: Readonly<Record<number, string>>
  readonly config?: JsonObject
}

export interface Town {
  readonly replicas: readonly TownReplica[]
  readonly provider: ScriptableProvider
  readonly stage: OwnStage
  readonly redis: Redis
  readonly issuer: string
  close(): Promise<void>
}

const names = ['a', 'b', 'c'] as const

export async function openTown(options: TownOptions = {}): Promise<Town> {
  const [stage, redis, provider] = await Promise.all([
    ownPostgres(),
    startRedis(),
    startScriptableProvider(),
  ])
  provider.accessSeconds = providerLifeSeconds
  const replicas = await startReplicas({ stage, redis, provider }, options)
  await Promise.all(replicas.map(knowsTheProvider))
  return {
    replicas,
    provider,
    stage,
    redis,
    issuer: replicas[0]?.curfew.issuer ?? '',
    close: async () => {
      await Promise.all(replicas.map((replica) => replica.kill()))
      await Promise.all(
        replicas.flatMap(({ store, redis: other }) => [store.close(), other.close()]),
      )
      await Promise.all([provider.close(), redis.stop(), stage.stop()])
      stage.remove()
    },
  }
}

type Services = Pick<Town, 'stage' | 'redis' | 'provider'>

async function startReplicas(
  services: Services,
  { programs = {}, config = {} }: TownOptions,
): Promise<readonly TownReplica[]> {
  const { stage, redis, provider } = services
  const replicas: TownReplica[] = []
  let first: Curfew | undefined
  for (const [index, name] of names.entries()) {
    const wires = { store: await Wire.to(stage.storeUrl), redis: await Wire.to(redis.url) }
    const own = {
      store: wires.store.url(stage.storeUrl),
      redis: { url: wires.redis.url(redis.url) },
      // Of its own, so that the next process is found where the last one was.
      ...(first === undefined ? {} : { server: { listen: `127.0.0.1:${await freePort()}` } }),
    }
    const program = programs[index]
    const changes = {
      ...(program === undefined ? {} : { program }),
      env: { NODE_ENV: 'production', CURFEW_TEST_CLOCK_FILE: '' },
    }
    const curfew: Curfew =
      first === undefined
        ? await startCurfewOn(stage, {
            ...changes,
            config: merge(merge(townConfig(provider), config), own),
          })
        : await first.twin({ ...changes, config: own })
    first ??= curfew
    replicas.push(new TownReplica(name, wires, curfew))
  }
  return replicas
}

/** On a busy machine the first look at it may take longer than it may. */
async function knowsTheProvider(replica: TownReplica): Promise<void> {
  const leads = async (): Promise<true | undefined> =>
    (await replica.api.get('/login?idp=main')).status === 302 ? true : undefined
  const what = `that ${replica.name} knows the provider`
  await eventually(leads, { withinMs: 20_000, everyMs: 200, what })
}

function townConfig({ issuer, clientId, clientSecret }: ScriptableProvider): JsonObject {
  return {
    server: { logLevel: 'info', trustedProxies: ['127.0.0.1/32'] },
    identityProviders: [
      {
        ...{ id: 'main', issuer, clientId, clientSecret, claimsFrom: ['id_token'] },
        ...{ timeout: `${providerTimeoutMs}ms`, graceOnFault: '2s' },
      },
    ],
    gateway: {
      rules: [
        {
          ...{ hosts: [new URL(application).host], require: 'session', idp: 'main' },
          headers: { 'X-User': '{{ uid }}', 'X-Sid': '{{ sid }}' },
        },
      ],
    },
    sessions: { devices: { web: { limit: null }, fleet: { policy: 'multiple' } } },
    revocation: {
      pullInterval: `${pullIntervalMs}ms`,
      maxStaleness: `${maxStalenessMs}ms`,
    },
    limits: { signIns: 'off' },
  }
}
