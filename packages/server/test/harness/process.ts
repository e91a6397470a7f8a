/* `curfew serve` as a child process: its log, its listening address, its end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null }

export type ServerProcess = {
  readonly pid: number
  /** What it said: both outputs, in the order of arrival. */
  log(): string
  /** Resolves with the address of its line `curfew listening on …`; rejects when it ends before. */
  readonly listening: Promise<string>
  readonly ended: Promise<Exit>
  signal(signal: NodeJS.Signals): void
}

/** What services/packed-program.ts has packed for a run of the tests; else the source. */
const packed = process.env['CURFEW_PROGRAM']
/** For tests that load something into a server which has to find the server's own modules. */
export const sourceProgram = fileURLToPath(new URL('../../src/bin.ts', import.meta.url))
const bin = packed ?? sourceProgram
/** A server starts hundreds of times in a run of the tests: each would compile all that it loads. */
const compileCache =
  packed === undefined
    ? fileURLToPath(new URL('../../../../node_modules/.cache/curfew-compiled', import.meta.url))
    : join(dirname(packed), 'compiled')
const readyWithinMs = 120_000
const running = new Set<ChildProcess>()

// A worker that goes away takes its servers along.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export type CommandOptions = {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** Default: the repository's. */
  readonly program?: string
}

export function runServer(args: readonly string[], options: CommandOptions): ServerProcess {
  const child = runCurfew(args, options)
  const chunks: string[] = []
  const ended = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  const listening = new Promise<string>((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(timer)
      reject(new Error(`curfew ${args.join(' ')} ${why}:\n${chunks.join('').slice(-4000)}`))
    }
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      fail(`did not listen within ${readyWithinMs} ms`)
    }, readyWithinMs)
    let heard = false
    const hear = (chunk: unknown): void => {
      chunks.push(String(chunk))
      // A log may grow to many megabytes: it is not read again and again.
      if (heard) return
      const address = /curfew listening on (https?:\/\/[^\s"]+)/.exec(chunks.join(''))?.[1]
      if (address === undefined) return
      heard = true
      clearTimeout(timer)
      resolve(address)
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    child.once('error', (error) => fail(`could not be run: ${error.message}`))
    void ended.then(({ code, signal }) => fail(`ended with ${code ?? signal}`))
  })
  // Whoever only waits for the end does not handle this one.
  listening.catch(() => undefined)
  return {
    pid: child.pid ?? 0,
    log: () => chunks.join(''),
    listening,
    ended,
    signal: (signal) => void child.kill(signal),
  }
}

export type CommandResult = Exit & { readonly stdout: string; readonly stderr: string }

/** A command that ends by itself, such as `curfew check`. */
export async function runCommand(
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  const child = runCurfew(args, options)
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: unknown) => {
    stdout += String(chunk)
  })
  child.stderr?.on('data', (chunk: unknown) => {
    stderr += String(chunk)
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), readyWithinMs)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ code, signal, stdout, stderr })
    })
  })
}

function runCurfew(args: readonly string[], options: CommandOptions): ChildProcess {
  const { cwd, env, program = bin } = options
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: {
      ...{ PATH: process.env['PATH'] ?? '', HOME: cwd, TZ: 'UTC' },
      ...{ NODE_COMPILE_CACHE: compileCache, ...env },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  child.once('close', () => running.delete(child))
  return child
}
