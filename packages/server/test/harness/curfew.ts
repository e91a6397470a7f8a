/*
 * Real servers on a stage. `twin` runs another replica on the same store with the same secrets and issuer;
 * `restart` runs the next one where the last one stood. Tests begin with `startCurfew` (start-curfew.ts).
 */
import { randomUUID } from 'node:crypto'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { freePort } from '../services/index.ts'
import { Api } from './api.ts'
import { clients, defaultConfig, merge } from './config.ts'
import { eventually } from './eventually.ts'
import type { JsonObject } from './json.ts'
import { type Exit, runServer, type ServerProcess } from './process.ts'
import type { Stage } from './stage.ts'

export type Changes = {
  /** Merged into the default configuration: objects merge, lists and values replace. */
  readonly config?: JsonObject
  readonly env?: Readonly<Record<string, string>>
  /** Another `bin.ts` than the repository's, such as one of a patched copy. */
  readonly program?: string
}

export type Curfew = {
  /** Where this replica listens, with the path of publicUrl; without a slash at the end. */
  readonly url: string
  /** The issuer; for a twin it is the first replica's. */
  readonly issuer: string
  readonly api: Api
  readonly pid: number
  readonly stage: Stage
  readonly config: JsonObject
  readonly configFile: string
  readonly ended: Promise<Exit>
  log(): string
  signal(signal: NodeJS.Signals): void
  /** SIGTERM, and SIGKILL for one that does not go. */
  stop(): Promise<Exit>
  kill(): Promise<Exit>
  /** Another replica on the same store (PostgreSQL). */
  twin(changes?: Changes): Promise<Curfew>
  /** The next process on the same store and address. Stop or kill this one first. */
  restart(changes?: Changes): Promise<Curfew>
  /** Replaces the configuration file and sends SIGHUP. */
  reload(config: JsonObject): void
  /** Shifts the store's clock for every server of the stage and waits until this one shows it. */
  advanceClock(byMs: number): Promise<void>
  /** Stops every server of the stage and removes its folder. */
  close(): Promise<void>
}

const stopWithinMs = 15_000
/** All that were ever started there; one that has ended stops at once. */
const onStage = new WeakMap<Stage, readonly ServerProcess[]>()

export async function startCurfewOn(stage: Stage, changes: Changes = {}): Promise<Curfew> {
  const { config = {}, ...rest } = changes
  const whole = merge(merge(defaultConfig(), { store: stage.storeUrl }), config)
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    const server = { publicUrl: `http://127.0.0.1:${port}`, listen: `127.0.0.1:${port}` }
    try {
      return await launch(stage, { ...rest, config: merge({ server }, whole) })
    } catch (error) {
      // Someone else may have taken the port in between.
      if (attempt === 3 || !String(error).includes('EADDRINUSE')) throw error
    }
  }
}

/** The configuration is complete: it names publicUrl and listen. */
async function launch(stage: Stage, running: Running): Promise<Curfew> {
  const { config, env = {}, program } = running
  const configFile = join(stage.folder, `curfew-${randomUUID()}.yaml`)
  writeFileSync(configFile, stringify(config))
  const server = runServer(['serve', '--config', configFile], {
    cwd: stage.folder,
    // Both together switch the test clock on.
    env: { NODE_ENV: 'test', CURFEW_TEST_CLOCK_FILE: stage.clockFile, ...env },
    ...(program === undefined ? {} : { program }),
  })
  onStage.set(stage, [...(onStage.get(stage) ?? []), server])
  const address = await server.listening
  return handle({ stage, running, configFile, server, address })
}

type Running = Changes & { readonly config: JsonObject }

type Parts = {
  readonly stage: Stage
  readonly running: Running
  readonly configFile: string
  readonly server: ServerProcess
  readonly address: string
}

function handle(parts: Parts): Curfew {
  const { stage, running, configFile, server } = parts
  const { config } = running
  const issuer = publicUrlOf(config)
  const url = `${parts.address.replace(/\/+$/, '')}${pathOf(issuer)}`
  const api = new Api(() => url)
  const changed = ({ config: over, env, ...more }: Changes = {}): Running => ({
    ...running,
    ...more,
    config: merge(config, over ?? {}),
    env: { ...running.env, ...env },
  })
  return {
    url,
    issuer,
    api,
    pid: server.pid,
    stage,
    config,
    configFile,
    ended: server.ended,
    log: () => server.log(),
    signal: (signal) => server.signal(signal),
    stop: () => stop(server),
    kill: () => {
      server.signal('SIGKILL')
      return server.ended
    },
    twin: (changes) => {
      const elsewhere = merge({ server: { listen: '127.0.0.1:0' } }, changes?.config ?? {})
      return launch(stage, changed({ ...changes, config: elsewhere }))
    },
    restart: (changes) => launch(stage, changed(changes)),
    reload: (next) => {
      writeFileSync(configFile, stringify(next))
      server.signal('SIGHUP')
    },
    advanceClock: (byMs) => advance(api, stage, byMs),
    close: async () => {
      await Promise.all([...(onStage.get(stage) ?? [])].map(stop))
      stage.remove()
    },
  }
}

function publicUrlOf(config: JsonObject): string {
  const server = config['server']
  const named = typeof server === 'object' && server !== null && 'publicUrl' in server
  return named ? String(server.publicUrl).replace(/\/+$/, '') : ''
}

function pathOf(url: string): string {
  const { pathname } = new URL(url)
  return pathname === '/' ? '' : pathname
}

async function stop(server: ServerProcess): Promise<Exit> {
  server.signal('SIGTERM')
  const timer = setTimeout(() => server.signal('SIGKILL'), stopWithinMs)
  const exit = await server.ended
  clearTimeout(timer)
  return exit
}

const shifts = new WeakMap<Stage, number>()

/** The store's clock shifts at once, for every server of the stage, and nobody is waited for. */
export function shiftClock(stage: Stage, byMs: number): void {
  const shift = (shifts.get(stage) ?? 0) + byMs
  shifts.set(stage, shift)
  // Renamed into place: a reader must never see it empty.
  writeFileSync(`${stage.clockFile}.next`, String(shift))
  renameSync(`${stage.clockFile}.next`, stage.clockFile)
}

/**
 * The store's clock shifts at once; the server learns of it at its next reads of the feed, and is not
 * ready while it doubts its own clock (rule 6).
 */
async function advance(api: Api, stage: Stage, byMs: number): Promise<void> {
  const before = await serverSeconds(api)
  shiftClock(stage, byMs)
  const arrived = async (): Promise<true | undefined> => {
    const now = await serverSeconds(api)
    return now !== undefined && (now - (before ?? now)) * 1000 >= byMs - 1000 ? true : undefined
  }
  const status = async (): Promise<number> => (await api.get('/readyz')).status
  const what = `the server's clock following a shift of ${byMs} ms`
  await eventually(arrived, { everyMs: 5, what })
  // A server that has caught up in the meantime never shows its doubt.
  const doubted = async (): Promise<true | undefined> =>
    (await status()) === 503 ? true : undefined
  await eventually(doubted, { withinMs: 1000, everyMs: 5 }).catch(() => undefined)
  const ready = async (): Promise<true | undefined> => ((await status()) === 200 ? true : undefined)
  await eventually(ready, { what })
}

/** By the header Curfew-Now; undefined while the server answers 503 because its clock jumped. */
async function serverSeconds(api: Api): Promise<number | undefined> {
  const answer = await api.feed({ limit: 1 }, clients.satellite)
  const now = answer.headers.get('curfew-now')
  return answer.status !== 200 || now === null ? undefined : Number(now)
}
