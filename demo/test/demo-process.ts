/* `npm start` as a process, in a folder for temporary files that is its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const startsWithinMs = 120_000

export interface Places {
  readonly application: string
  readonly provider: string
  readonly curfew: string
  readonly api: string
  /** From the command that a person is invited to run. */
  readonly revoke: { readonly credentials: string; readonly url: string }
}

export class DemoProcess {
  readonly #folder = mkdtempSync(join(tmpdir(), 'curfew-demo-test-'))
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  #stdout = ''
  #stderr = ''

  constructor(command: readonly [string, ...string[]] = ['npm', 'start']) {
    const [program, ...args] = command
    this.#child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, TMPDIR: this.#folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#closed = once(this.#child, 'close')
    this.#child.stdout?.on('data', (chunk) => {
      this.#stdout += String(chunk)
    })
    this.#child.stderr?.on('data', (chunk) => {
      this.#stderr += String(chunk)
    })
  }

  get stdout(): string {
    return this.#stdout
  }

  get stderr(): string {
    return this.#stderr
  }

  async ready(): Promise<Places> {
    await Promise.race([this.#invited(), this.#closed])
    if (!this.#stdout.includes('Ctrl-C')) throw new Error(`${this.#stdout}${this.#stderr}`)
    const after = (name: string) =>
      new RegExp(`^ *${name} +(http\\S+)`, 'm').exec(this.#stdout)?.[1] ?? ''
    const curl = /^ *curl -X POST -u (\S+) (\S+)$/m.exec(this.#stdout)
    return {
      application: after('application'),
      provider: after('provider'),
      curfew: after('Curfew'),
      api: after('API'),
      revoke: { credentials: curl?.[1] ?? '', url: curl?.[2] ?? '' },
    }
  }

  async #invited(): Promise<void> {
    const signal = AbortSignal.timeout(startsWithinMs)
    while (!this.#stdout.includes('Ctrl-C')) {
      if (this.#child.stdout !== null) await once(this.#child.stdout, 'data', { signal })
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async exitCode(): Promise<number | null> {
    await this.#closed
    return this.#child.exitCode
  }

  /** What still runs of it: Curfew names a file in its folder on its command line. */
  curfewPids(): number[] {
    return commandLines()
      .filter(({ line }) => line.includes(this.#folder) && line.includes('serve'))
      .map(({ pid }) => pid)
  }

  /** Files of Curfew. Node and npm keep their own caches among temporary files. */
  leftBehind(): string[] {
    return readdirSync(this.#folder).filter((name) => name.startsWith('curfew'))
  }

  /** For a test that failed half-way: whatever is left is ended. */
  clear(): void {
    this.#child.kill('SIGKILL')
    for (const pid of this.curfewPids()) process.kill(pid, 'SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function commandLines(): { pid: number; line: string }[] {
  if (process.platform === 'linux') return globSync('/proc/[0-9]*').flatMap(linuxProcess)
  const listed = execFileSync('ps', ['-axo', 'pid=,command='], { encoding: 'utf8' })
  return listed.split('\n').map((line) => ({ pid: Number.parseInt(line, 10), line }))
}

function linuxProcess(folder: string): { pid: number; line: string }[] {
  try {
    const line = readFileSync(join(folder, 'cmdline'), 'utf8').replaceAll('\0', ' ')
    return [{ pid: Number(folder.slice('/proc/'.length)), line }]
  } catch {
    // It has just ended.
    return []
  }
}
