import type { Config } from '#config'
import { connectionLimit, connectionsMax } from '#stores'
import { tryRedis } from '../redis-trial.ts'
import { pageWarnings } from './check-pages.ts'
import { checkProvider } from './check-provider.ts'
import { CommandFailed, type Io } from './io.ts'
import { loadOrFail, reasonOf } from './open.ts'

/** One thing that the configuration names, tried. */
export interface Tried {
  readonly what: string
  readonly problem: string | null
  /** What is well to know, a line each. */
  readonly notes?: readonly string[]
}

/** How long a Redis server may take. */
const trialMs = 5000

/**
 * `curfew check`: prints every mistake of the configuration, then tries the store, Redis and each
 * identity provider. Answers the exit code: 0 when all is well, else 1. A warning stops nobody.
 */
export async function checkConfig(io: Io, file: string | undefined): Promise<number> {
  const config = loadOrFail(io, file)
  io.out('ok       the configuration\n')
  for (const warning of pageWarnings(config)) io.out(`warning  ${warning}\n`)
  const [store, redis, ...providers] = await Promise.all([
    tryStore(io, config),
    checkRedis(config),
    ...config.identityProviders.map((provider) => checkProvider(io, config, provider)),
    ...config.webhooks.map(describeWebhook),
  ])
  const tried = [store, ...redis, ...providers]
  for (const { what, problem, notes = [] } of tried) {
    io.out(problem === null ? `ok       ${what}\n` : `problem  ${what}: ${problem}\n`)
    for (const note of notes) io.out(`note     ${note}\n`)
  }
  return tried.every(({ problem }) => problem === null) ? 0 : 1
}

/** Nothing is sent: a receiver would take it for an event. */
function describeWebhook({ url, events }: Config['webhooks'][number]): Tried {
  const { protocol, host } = new URL(url)
  const notes =
    protocol === 'http:' ? [`${host}: http, so anybody on the way can read what is sent`] : []
  return {
    what: `the webhook at ${host} hears ${events.join(', ')} (not tried)`,
    problem: null,
    notes,
  }
}

async function tryStore(io: Io, config: Config): Promise<Tried> {
  const what = `the store (${config.store.kind})`
  try {
    const { openForCommand } = await import('../main.ts')
    const house = await openForCommand(config, io)
    await house.close()
    return { what, problem: null, notes: await connectionNotes(config) }
  } catch (error) {
    if (error instanceof CommandFailed) return { what, problem: error.message }
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
    return { what, problem: reasonOf(cause) }
  }
}

/** Several workers may want more connections than PostgreSQL gives. */
async function connectionNotes({ store, server: { workers } }: Config): Promise<readonly string[]> {
  if (store.kind !== 'postgres') return []
  const [limit, wanted] = [await connectionLimit(store.url.reveal()), workers * connectionsMax]
  if (wanted <= limit) return []
  const each = `server.workers: ${workers} may open ${wanted} connections (${connectionsMax} each)`
  return [`${each}, PostgreSQL gives ${limit}: raise its max_connections, or take fewer workers`]
}

/** Each server as Curfew will use it: its rights, its channels, its part in a cluster. */
async function checkRedis({ redis, revocation }: Config): Promise<readonly Tried[]> {
  if (redis === null) return []
  const channels = [revocation.channel, `${redis.keyPrefix}sessions`]
  return await tryRedis(redis, { channels, trialMs })
}
