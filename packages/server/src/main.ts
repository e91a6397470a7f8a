import { once } from 'node:events'
import type { Server } from 'node:http'
import type { Logger } from 'pino'
import { type Signals, StoreUnavailable } from '#authority'
import type { Io } from '#cli'
import { type Config, diffReload, type ListenAddress } from '#config'
import {
  createHttp,
  createListener,
  createMetricsApp,
  createSignals,
  type Http,
  Metrics,
} from '#http'
import { acquireServeLock } from '#stores'
import { commandMemory } from './command-memory.ts'
import { type Front, openFront } from './front.ts'
import { type House, openHouse } from './house.ts'
import { startHousekeeping } from './housekeeping.ts'
import { httpDeps } from './http-deps.ts'
import { KeyLoads } from './key-loads.ts'
import { createLog } from './log.ts'
import { type ServerMemory, serverMemory } from './memory.ts'
import { Readiness } from './readiness.ts'
import type { RedisConnection } from './redis-connection.ts'
import { openWatchedRedis } from './redis-watched.ts'
import { listenForSignals, type Signalled } from './stopping.ts'

export type { House } from './house.ts'

export interface ServeOptions {
  readonly io: Io
  /** Reads the configuration; also at SIGHUP. Throws a message for people when it is invalid. */
  readonly load: () => Config
}

type ServerHouse = House & { readonly memory: ServerMemory }

/** How long requests in flight may take once the server no longer accepts (API.md, section 1). */
const drainMs = 10_000
/** How long `serve` waits at the start for a store that does not answer yet. */
const storeWaitMs = 30_000
const storeRetryMs = 1000

/**
 * `curfew serve`: runs until SIGTERM or SIGINT, and answers the exit code. A store that does not answer
 * is waited for at the start; later it makes requests 503 until it is back.
 */
export async function serve({ io, load }: ServeOptions): Promise<number> {
  const signalled = listenForSignals()
  const config = load()
  const log = createLog({ level: config.server.logLevel, terminal: io.terminal })
  warnOfUnbuilt(config, log)
  const lock = config.store.kind === 'sqlite' ? acquireServeLock(config.store.path) : undefined
  try {
    const metrics = new Metrics()
    const redis = openWatchedRedis(config, { log, metrics })
    try {
      const house = await openServerHouse(config, { io, log, metrics, signalled, redis })
      if (house === undefined) return 0
      try {
        await run(house, { io, load, log, metrics, signalled, redis })
      } finally {
        await house.close()
      }
      return 0
    } finally {
      await redis?.close()
    }
  } finally {
    lock?.release()
  }
}

interface Running {
  readonly io: Io
  readonly load: () => Config
  readonly log: Logger
  readonly metrics: Metrics
  readonly signalled: Signalled
  readonly redis: RedisConnection | undefined
}

async function run(house: ServerHouse, running: Running): Promise<void> {
  const { io, load, log, metrics, signalled, redis } = running
  const { config, memory } = house
  const readiness = new Readiness(house, redis)
  memory.tail.start()
  await Promise.race([memory.tail.whenReady(), signalled.stopped])
  // Asked to stop while the store was away: there is nobody to be drained.
  if (signalled.isStopped()) return memory.tail.close()
  const front = openFront({ house, log, metrics, proxyEnv: io.env })
  const shared = { house, metrics, log, front, proxyEnv: io.env }
  const joined = { ...shared, readiness: () => readiness.now() }
  const http = createHttp(httpDeps(joined))
  const gate = await listenForProxies(config, front)
  const metricsApp = await listenForMetrics(config, { metrics, log })
  const housekeeping = startHousekeeping(house, log)
  housekeeping.forgetClients()
  signalled.onReload(() => {
    reload(house, { load, log, front })
    housekeeping.forgetClients()
  })
  const url = await listen(http, config.server.listen)
  io.out(`curfew listening on ${url}\n`)
  await signalled.stopped
  readiness.stop()
  log.info('stopping: not ready any more')
  await pause(config.server.shutdownDelayMs)
  await Promise.all([close(http), closeServer(gate)])
  await metricsApp?.close()
  await front.close()
  await housekeeping.stop()
  await memory.close()
  log.info('stopped')
}

async function openServerHouse(
  config: Config,
  { io, log, metrics, signalled, redis }: Omit<Running, 'load'>,
): Promise<ServerHouse | undefined> {
  const signals = createSignals(metrics, log)
  const deadline = performance.now() + storeWaitMs
  for (;;) {
    try {
      return await openOnce(config, { io, log, metrics, redis, signals })
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || performance.now() > deadline) throw error
      log.warn({ err: error.cause }, 'the store does not answer yet; trying again in a second')
      await Promise.race([pause(storeRetryMs), signalled.stopped])
      if (signalled.isStopped()) return undefined
    }
  }
}

async function openOnce(
  config: Config,
  around: Pick<Running, 'io' | 'log' | 'metrics' | 'redis'> & { readonly signals: Signals },
): Promise<ServerHouse> {
  const { io, log, metrics, redis, signals } = around
  const keys = new KeyLoads(() => house, log)
  const house: ServerHouse = await openHouse(config, {
    env: io.env,
    signals,
    keyAlarm: (alarm) => log.error({ alarm: alarm.kind, kid: alarm.kid }, keyAlarmWords),
    onUnknownKey: () => house.memory.tail.hint(),
    remember: (parts) =>
      serverMemory({
        ...parts,
        redis,
        log,
        metrics,
        config,
        onKeysChanged: () => keys.changed(),
      }),
  })
  return house
}

const keyAlarmWords =
  'a signing key cannot be used here: is a secret missing in `secrets` that other replicas have?'

/** One house for one command: no memory, no network, and warnings only. */
export async function openForCommand(config: Config, io: Io): Promise<House> {
  const warn = (text: string) => io.err(`curfew: ${text}\n`)
  return openHouse(config, {
    env: io.env,
    signals: silent,
    keyAlarm: () => warn(keyAlarmWords),
    onUnknownKey: () => undefined,
    remember: (parts) => commandMemory(parts, config, warn),
  })
}

const silent: Signals = {
  refreshed: () => undefined,
  loggedOut: () => undefined,
  started: () => undefined,
  swapConflict: () => undefined,
  alarm: () => undefined,
}

/** SIGHUP: an invalid file changes nothing and is logged (API.md, section 1). */
function reload(
  house: ServerHouse,
  { load, log, front }: Pick<Running, 'load' | 'log'> & { readonly front: Front },
): void {
  try {
    const { applied, needsRestart, config } = diffReload(house.policy.config, load())
    front.replace(config)
    house.policy.replace(config)
    log.info({ applied, needsRestart }, 'the configuration was read again')
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    log.error(`the configuration was not reloaded, nothing has changed: ${why}`)
  }
}

async function listen(http: Http, address: ListenAddress): Promise<string> {
  await http.app.listen({ host: address.host, port: address.port })
  const bound = http.app.server.address()
  const port = bound !== null && typeof bound === 'object' ? bound.port : address.port
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `http://${host}:${port}`
}

/** `gateway.listen`: nobody but proxies comes there. */
async function listenForProxies({ gateway }: Config, front: Front): Promise<Server | undefined> {
  if (gateway.listen === null) return undefined
  const { host, port } = gateway.listen
  const server = createListener((message, response) => {
    if (!front.forwardAuth.handle(message, response)) response.writeHead(404).end()
  })
  server.listen(port, host)
  await once(server, 'listening')
  return server
}

/** What is in flight may finish within `drainMs`. */
async function closeServer(server: Server | undefined): Promise<void> {
  if (server === undefined) return
  const cut = setTimeout(() => server.closeAllConnections(), drainMs)
  server.close()
  await once(server, 'close')
  clearTimeout(cut)
}

async function listenForMetrics(
  config: Config,
  deps: Pick<Running, 'metrics' | 'log'>,
): Promise<Http['app'] | undefined> {
  const address = config.server.metricsListen
  if (address === null) return undefined
  const app = createMetricsApp(deps)
  await app.listen({ host: address.host, port: address.port })
  return app
}

/** What is in flight may finish; what does not within `drainMs` is cut off. */
async function close(http: Http): Promise<void> {
  const cut = setTimeout(() => http.app.server.closeAllConnections(), drainMs)
  http.closeStreams()
  await http.app.close()
  clearTimeout(cut)
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

/** What the configuration may say already and this version does not do yet. Said, never passed over. */
function warnOfUnbuilt(config: Config, log: Logger): void {
  const unbuilt = {
    webhooks: config.webhooks.length > 0,
    'server.workers': config.server.workers > 1,
    'server.adminListen': config.server.adminListen !== null,
  }
  for (const [setting, set] of Object.entries(unbuilt)) {
    if (set) log.warn(`\`${setting}\` is set, and this version of curfew does not act on it yet`)
  }
}
