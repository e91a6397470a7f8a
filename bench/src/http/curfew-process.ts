/* `curfew serve` as users run it, in a process of its own, on a store and with limits that are off. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../../packages/server/test/services/index.ts'
import type { LoadTarget } from './load-orders.ts'

export interface CurfewProcess {
  readonly pid: number
  /** With a channel, for what `nodeOptions` may have loaded. */
  readonly child: ChildProcess
  readonly target: LoadTarget
  stop(): Promise<void>
}

export interface CurfewOptions {
  /** As the configuration names it. */
  readonly store: string
  /** Where its configuration and its log lie. */
  readonly folder: string
  /** For Node itself, such as `--cpu-prof`. */
  readonly nodeOptions?: readonly string[]
  /** Sections that are added to the usual configuration, or replace its own; `server` is merged. */
  readonly sections?: Readonly<Record<string, unknown>> & {
    readonly server?: Readonly<Record<string, unknown>>
  }
}

const startWithinMs = 120_000
const stopWithinMs = 15_000
const publicClient = 'mobile'

export async function startCurfew(options: CurfewOptions): Promise<CurfewProcess> {
  const port = await freePort()
  const secret = randomBytes(24).toString('base64url')
  const name = randomBytes(4).toString('hex')
  const configFile = join(options.folder, `curfew-${name}.yaml`)
  const logFile = join(options.folder, `curfew-${name}.log`)
  // JSON is YAML.
  writeFileSync(configFile, JSON.stringify(configuration(options, port, secret)))
  const log = openSync(logFile, 'w')
  const bin = fileURLToPath(import.meta.resolve('curfew/bin'))
  const args = [...(options.nodeOptions ?? []), bin, 'serve', '--config', configFile]
  const child = spawn(process.execPath, args, { stdio: ['ignore', log, log, 'ipc'] })
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  await listening(child, logFile)
  const credentials = Buffer.from(`backend:${secret}`).toString('base64')
  const target = { port, publicClient, authorization: `Basic ${credentials}` }
  return { pid: child.pid ?? 0, child, target, stop: () => stop(child) }
}

function configuration({ store, sections = {} }: CurfewOptions, port: number, secret: string) {
  const { server, ...others } = sections
  return {
    server: { publicUrl: `http://127.0.0.1:${port}`, listen: `127.0.0.1:${port}`, ...server },
    store,
    secrets: [randomBytes(32).toString('base64url')],
    clients: [
      { id: 'backend', secret, roles: ['issuer'] },
      { id: publicClient, grants: ['refresh_token'] },
    ],
    tokens: { audience: ['https://api.example.com'] },
    limits: {
      tokenRequestsPerSession: 'off',
      tokenRequestsPerAddress: 'off',
      failedClientAuth: 'off',
      sessionStarts: 'off',
    },
    ...others,
  }
}

async function listening(child: ChildProcess, logFile: string): Promise<void> {
  const due = performance.now() + startWithinMs
  while (performance.now() < due && child.exitCode === null) {
    if (readFileSync(logFile, 'utf8').includes('curfew listening on')) return
    await sleep(25)
  }
  child.kill('SIGKILL')
  throw new Error(`curfew did not listen:\n${readFileSync(logFile, 'utf8').slice(-4000)}`)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
  await gone
  clearTimeout(timer)
}
