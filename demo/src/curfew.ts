import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Part } from './listen.ts'

/** So much of what it said last is kept. */
const wordsMax = 4000
/** It ends by itself within ten seconds (API.md, section 1). */
const endWithinMs = 12_000

/** `curfew serve` as anybody would run it, its configuration and its store in a folder that goes with it. */
export class Curfew implements Part {
  readonly url: string
  readonly #folder = mkdtempSync(join(tmpdir(), 'curfew-demo-'))
  readonly #child: ChildProcess
  readonly #exit: Promise<unknown>
  #words = ''

  /** `config` is told the folder for its store. */
  constructor(url: string, config: (folder: string) => unknown) {
    this.url = url
    const file = join(this.#folder, 'curfew.yaml')
    // JSON is YAML.
    writeFileSync(file, `${JSON.stringify(config(this.#folder), null, 2)}\n`, { mode: 0o600 })
    this.#child = run(file)
    this.#exit = once(this.#child, 'close')
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#words = (this.#words + String(chunk)).slice(-wordsMax)
    })
  }

  /** Once it accepts requests. @throws with its last words when it ends before */
  async listening(): Promise<void> {
    if (this.#child.stdout === null) throw new Error('curfew has no output')
    for await (const line of createInterface(this.#child.stdout)) {
      if (line === `curfew listening on ${this.url}`) return
    }
    throw new Error(`curfew did not start:\n${await this.died()}`)
  }

  /** Resolves with its last words, however it ended. */
  async died(): Promise<string> {
    await this.#exit
    return this.#words
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), endWithinMs)
    await this.#exit
    clearTimeout(limit)
    this.#removeFolder()
  }

  /** At once: somebody is in a hurry, or this process is itself ending. */
  kill(): void {
    this.#child.kill('SIGKILL')
    this.#removeFolder()
  }

  #removeFolder(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function run(file: string): ChildProcess {
  const bin = fileURLToPath(import.meta.resolve('curfew/bin'))
  // The provider is on this machine, whatever stands between it and the rest of the world.
  const { NO_PROXY, no_proxy = NO_PROXY } = process.env
  const direct = ['localhost', '127.0.0.1', ...(no_proxy === undefined ? [] : [no_proxy])].join(',')
  return spawn(process.execPath, [bin, 'serve', '--config', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_PROXY: direct, no_proxy: direct },
    // In a process group of its own: Ctrl-C in a terminal is for the demo, which ends it in good order.
    detached: true,
  })
}
