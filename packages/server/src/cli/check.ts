import { connect } from 'node:net'
import type { Config } from '#config'
import { checkProvider } from './check-provider.ts'
import { CommandFailed, type Io } from './io.ts'
import { loadOrFail, reasonOf, unreadableUrl } from './open.ts'

/** One thing that the configuration names, tried. */
export interface Tried {
  readonly what: string
  readonly problem: string | null
  /** What is well to know, a line each. */
  readonly notes?: readonly string[]
}

const timeoutMs = 5000

/**
 * `curfew check`: prints every mistake of the configuration, then tries the store, Redis and each
 * identity provider. Answers the exit code: 0 when all is well, else 1.
 */
export async function checkConfig(io: Io, file: string | undefined): Promise<number> {
  const config = loadOrFail(io, file)
  io.out('ok       the configuration\n')
  const tried = await Promise.all([
    tryStore(io, config),
    ...tryRedis(config),
    ...config.identityProviders.map((provider) => checkProvider(io, config, provider)),
    ...config.webhooks.map(describeWebhook),
  ])
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
    return { what, problem: null }
  } catch (error) {
    if (error instanceof CommandFailed) return { what, problem: error.message }
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
    return { what, problem: reasonOf(cause) }
  }
}

/** Whether somebody listens there; the protocol is spoken by the rooms that use it. */
function tryRedis(config: Config): readonly Promise<Tried>[] {
  const { redis } = config
  if (redis === null) return []
  const urls =
    redis.kind === 'single' ? [redis.url] : redis.kind === 'cluster' ? redis.urls : redis.nodes
  return urls.map(async (secret) => {
    const url = URL.parse(secret.reveal())
    // The URL holds a password, so it is not shown.
    if (url === null) return { what: 'Redis', problem: unreadableUrl }
    const { hostname, port } = url
    const what = `Redis at ${hostname}:${port === '' ? '6379' : port}`
    return { what, problem: await tryConnection(hostname, port === '' ? 6379 : Number(port)) }
  })
}

function tryConnection(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs })
    const answer = (problem: string | null) => {
      socket.destroy()
      resolve(problem)
    }
    socket.once('connect', () => answer(null))
    socket.once('timeout', () => answer(`no connection within ${timeoutMs / 1000} s`))
    socket.once('error', (error) => answer(error.message))
  })
}
