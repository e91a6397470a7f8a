/*
 * A service as a child process that cannot outlive us: a watcher holds the other end of a pipe, and when
 * that closes, however we ended, it stops the service and removes its folder.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Identity } from './places.ts'

export type Launch = {
  readonly program: string
  readonly argv0?: string
  readonly args: readonly string[]
  readonly identity: Identity | undefined
  readonly folder: string
  readonly logFile: string
  readonly isReady: () => Promise<boolean>
  /** Beside what we have ourselves. */
  readonly env?: Readonly<Record<string, string>>
  /** What makes it stop, with its children, when we are gone. Default: QUIT, PostgreSQL's `immediate`. */
  readonly orphanSignal?: 'QUIT' | 'TERM'
}

export type Service = {
  readonly pid: number
  /** It and its children stand still, as if the machine had, until `resume`. */
  pause(): void
  resume(): void
  /** Sends the signal and resolves when the process has ended. */
  end(signal: NodeJS.Signals): Promise<void>
  /** The watcher lets go of the service: it has ended and its folder is gone. */
  dismiss(): void
}

const readyWithinMs = 60_000
const endWithinMs = 30_000
// The last blow is for its whole group: the workers of nginx outlive a master that is killed.
const watch =
  'trap "" INT TERM HUP; read -r done; test "$done" && exit; kill "-$3" "$1"; sleep 1; kill -KILL "-$1"; rm -rf "$2"'

export async function launch(options: Launch): Promise<Service> {
  const log = openSync(options.logFile, 'a')
  const child = spawn(options.program, [...options.args], {
    cwd: options.folder,
    detached: true,
    stdio: ['ignore', log, log],
    ...(options.argv0 ? { argv0: options.argv0 } : {}),
    ...(options.env ? { env: { ...process.env, ...options.env } } : {}),
    ...options.identity,
  })
  closeSync(log)
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  child.once('error', () => undefined)
  child.unref()
  if (child.pid === undefined) throw new Error(`${options.program} could not be started`)
  const dismiss = watchOver(child.pid, options)
  await ready(child, options)
  const { pid } = child
  let paused: readonly number[] = []
  return {
    pid,
    pause: () => {
      // The parent first: nobody is born meanwhile.
      signalTo([pid], 'SIGSTOP')
      paused = [...childrenOf(pid), pid]
      signalTo(paused, 'SIGSTOP')
    },
    resume: () => signalTo(paused, 'SIGCONT'),
    end: (signal) => end(child, ended, signal),
    dismiss,
  }
}

function childrenOf(pid: number): readonly number[] {
  // It exits with 1 where there are none.
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
  return stdout.split('\n').map(Number).filter(Boolean)
}

function signalTo(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch {
      // It has ended by itself.
    }
  }
}

function watchOver(pid: number, { folder, orphanSignal = 'QUIT' }: Launch): () => void {
  const watcher = spawn('sh', ['-c', watch, 'watcher', String(pid), folder, orphanSignal], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  watcher.once('error', () => undefined)
  watcher.stdin.once('error', () => undefined)
  watcher.unref()
  if ('unref' in watcher.stdin && typeof watcher.stdin.unref === 'function') watcher.stdin.unref()
  return () => void watcher.stdin.end('done\n')
}

async function ready(child: ChildProcess, options: Launch): Promise<void> {
  const deadline = performance.now() + readyWithinMs
  while (performance.now() < deadline) {
    if (hasEnded(child)) break
    if (await options.isReady()) return
    await sleep(25)
  }
  child.kill('SIGKILL')
  const tail = readFileSync(options.logFile, 'utf8').split('\n').slice(-20).join('\n')
  throw new Error(`${options.program} did not start; its log ends with:\n${tail}`)
}

async function end(
  child: ChildProcess,
  ended: Promise<void>,
  signal: NodeJS.Signals,
): Promise<void> {
  if (hasEnded(child)) return
  child.ref()
  child.kill(signal)
  const timeout = setTimeout(() => child.kill('SIGKILL'), endWithinMs)
  await ended
  clearTimeout(timeout)
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}
