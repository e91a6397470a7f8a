import type { Logger } from 'pino'
import { type Signals, StoreUnavailable } from '#authority'
import type { Io } from '#cli'
import { type Config, diffReload } from '#config'
import { createHttp, createSignals, Metrics, noFellows } from '#http'
import { acquireServeLock } from '#stores'
import { ActivityCounter } from './activity-counter.ts'
import { commandMemory } from './command-memory.ts'
import { type Files, fromDisk, type ReadFile, recorder } from './config-files.ts'
import { type Front, openFront } from './front.ts'
import { startHeartbeat } from './heartbeat.ts'
import { type House, openHouse } from './house.ts'
import { startHousekeeping } from './housekeeping.ts'
import { httpDeps } from './http-deps.ts'
import { KeyLoads } from './key-loads.ts'
import { drainMs, openListeners } from './listeners.ts'
import { createLog } from './log.ts'
import { type ServerMemory, serverMemory } from './memory.ts'
import { openEffects } from './open-effects.ts'
import type { Place } from './place.ts'
import { Readiness } from './readiness.ts'
import type { RedisConnection } from './redis-connection.ts'
import { openWatchedRedis } from './redis-watched.ts'
import { listenForSignals, type Signalled } from './stopping.ts'
import { Supervisor } from './supervisor.ts'
import { isWorker, serveAsWorker } from './worker.ts'

export type { House } from './house.ts'

export interface ServeOptions {
  readonly io: Io
  /** The configuration, from files that `read` reads. Throws a message for people when it is invalid. */
  readonly load: (read: ReadFile) => Config
}

type ServerHouse = House & { readonly memory: ServerMemory }

/** What a worker may take to stop beyond the drain: it closes its store. */
const stopGraceMs = 5000
/** How long `serve` waits at the start for a store that does not answer yet. */
const storeWaitMs = 30_000
const storeRetryMs = 1000

/**
 * `curfew serve`: runs until SIGTERM or SIGINT, and answers the exit code. A store that does not answer
 * is waited for at the start; later it makes requests 503 until it is back.
 */
export async function serve({ io, load }: ServeOptions): Promise<number> {
  if (isWorker()) return serveAsWorker(load, (place) => serveAt(place, io))
  const signalled = listenForSignals(() => load(fromDisk))
  const files = recorder(fromDisk)
  const config = load(files.read)
  if (config.server.workers > 1) {
    return supervise(config, { io, load, signalled, files: files.files() })
  }
  const alone = { worker: undefined, fellows: noFellows, counts: () => undefined }
  const listening = (url: string) => announce(io, url)
  return serveAt({ ...alone, config, signalled, listening }, io)
}

interface Supervised extends ServeOptions {
  readonly signalled: Signalled
  readonly files: Files
}

/** `server.workers`: this process forks the servers, and is none itself. */
async function supervise(
  config: Config,
  { io, load, signalled, files }: Supervised,
): Promise<number> {
  const { workers, logLevel, shutdownDelayMs } = config.server
  const log = createLog({ level: logLevel, terminal: io.terminal })
  const stopWithinMs = shutdownDelayMs + drainMs + stopGraceMs
  const listening = (url: string) => announce(io, url)
  const supervisor = new Supervisor({ workers, files, log, stopWithinMs, listening })
  signalled.onReload(() => {
    const next = recorder(fromDisk)
    sayIfInvalid(log, () => {
      load(next.read)
      supervisor.reload(next.files())
    })
  })
  void signalled.stopped.then(() => supervisor.stop())
  return supervisor.run()
}

function announce(io: Io, url: string): void {
  io.out(`curfew listening on ${url}\n`)
}

async function serveAt(place: Place, io: Io): Promise<number> {
  const { config, signalled, worker } = place
  const log = createLog({ level: config.server.logLevel, terminal: io.terminal, worker })
  const lock = config.store.kind === 'sqlite' ? acquireServeLock(config.store.path) : undefined
  try {
    const metrics = new Metrics()
    place.counts(metrics)
    const activity = countActivity(metrics)
    const redis = openWatchedRedis(config, { log, metrics })
    try {
      const house = await openServerHouse(config, { io, log, metrics, signalled, redis, activity })
      if (house === undefined) return 0
      try {
        await run(house, { io, place, log, metrics, redis, activity })
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
  readonly place: Place
  readonly log: Logger
  readonly metrics: Metrics
  readonly redis: RedisConnection | undefined
  readonly activity: ActivityCounter
}

async function run(house: ServerHouse, running: Running): Promise<void> {
  const { io, place, log, metrics, redis, activity } = running
  const { config, memory } = house
  const { signalled, fellows } = place
  const readiness = new Readiness(house, redis)
  memory.tail.start()
  await Promise.race([memory.tail.whenReady(), signalled.stopped])
  // Asked to stop while the store was away: there is nobody to be drained.
  if (signalled.isStopped()) return
  const front = openFront({ house, log, metrics, proxyEnv: io.env })
  const effects = openEffects({ house, metrics, log, grants: front.grants, proxyEnv: io.env })
  const shared = { house, metrics, fellows, log, front, proxyEnv: io.env }
  const joined = { ...shared, readiness: () => readiness.now() }
  const http = createHttp(httpDeps(joined))
  const listeners = await openListeners(config, { http, front, metrics, log })
  const housekeeping = startHousekeeping(house, log)
  activity.start(house.store)
  const heartbeat = startHeartbeat({ house, http, readiness, log, worker: place.worker })
  housekeeping.forgetClients()
  signalled.onReload((read) => {
    reload(house, { read, log, front })
    housekeeping.forgetClients()
  })
  place.listening(listeners.url)
  await signalled.stopped
  readiness.stop()
  listeners.drain()
  log.info('stopping: not ready any more')
  await pause(config.server.shutdownDelayMs)
  // One limit for all that is in flight, not one after the other.
  const drained = AbortSignal.timeout(drainMs)
  await listeners.close()
  await front.close()
  await effects.close(drained)
  await housekeeping.stop()
  await Promise.all([activity.stop(), heartbeat.stop()])
  log.info('stopped')
}

type Opening = Omit<Running, 'place'> & Pick<Place, 'signalled'>

async function openServerHouse(
  config: Config,
  { io, log, metrics, signalled, redis, activity }: Opening,
): Promise<ServerHouse | undefined> {
  const signals = counting(createSignals(metrics, log), activity)
  const deadline = performance.now() + storeWaitMs
  for (;;) {
    try {
      return await openOnce(config, { io, log, metrics, redis, activity, signals })
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
  around: Omit<Running, 'place'> & { readonly signals: Signals },
): Promise<ServerHouse> {
  const { io, log, metrics, redis, activity, signals } = around
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
        onEnd: ({ end }) => activity.note('ended', end.reason),
      }),
  })
  return house
}

function countActivity(metrics: Metrics): ActivityCounter {
  const activity = new ActivityCounter()
  metrics.source('curfew_activity_dropped_total', () => activity.dropped)
  return activity
}

/** Ends are counted where they are recorded (memory.ts), whoever asked for them. */
function counting(signals: Signals, activity: ActivityCounter): Signals {
  return {
    ...signals,
    started: (result) => {
      if (result === 'started') activity.note('started')
      signals.started(result)
    },
    refreshed: (result) => {
      if (result === 'rotated') activity.note('refreshed')
      signals.refreshed(result)
    },
  }
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

interface Reloading {
  readonly read: () => Config
  readonly log: Logger
  readonly front: Front
}

function reload(house: ServerHouse, { read, log, front }: Reloading): void {
  sayIfInvalid(log, () => {
    const { applied, needsRestart, config } = diffReload(house.policy.config, read())
    front.replace(config)
    house.policy.replace(config)
    log.info({ applied, needsRestart }, 'the configuration was read again')
  })
}

/** SIGHUP: an invalid file changes nothing and is logged (API.md, section 1). */
function sayIfInvalid(log: Logger, act: () => void): void {
  try {
    act()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    log.error(`the configuration was not reloaded, nothing has changed: ${why}`)
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
