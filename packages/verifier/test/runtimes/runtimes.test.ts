/*
 * The packed package in every run-time of which npm brings the binary: Node, Bun, Deno and workerd. The
 * binaries have 350 MB, so they are not among the repository's dependencies: this test installs them once,
 * locked, into node_modules/.cache.
 */
import { execFile, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type FakeServer, fakeServer } from '../fake-server.ts'
import { type Packed, packVerifier } from '../package/packed.ts'

const run = promisify(execFile)
const cache = join(import.meta.dirname, '../../../../node_modules/.cache/curfew-runtimes')
const withinMs = 60_000

const passed = [
  'verifies every algorithm',
  'refuses what is forged, expired or for another',
  'the stream ends a session, its signal, and what was combined with it',
  'a hint is confirmed by the pull that it causes',
  'the adapter for Fetch answers 401 with a challenge',
]

let packed: Packed
let server: FakeServer

beforeAll(async () => {
  ;[packed, server] = await Promise.all([packVerifier(), fakeServer(), installed()]).then(
    ([one, two]) => [one, two] as const,
  )
}, 300_000)
afterAll(async () => {
  await server.close()
  packed.remove()
})

async function installed(): Promise<void> {
  mkdirSync(cache, { recursive: true })
  for (const file of ['package.json', 'package-lock.json']) {
    cpSync(join(import.meta.dirname, 'npm', file), join(cache, file))
  }
  if (existsSync(join(cache, 'node_modules/.package-lock.json'))) return
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund']
  await run('npm', ['ci', ...flags], { cwd: cache, timeout: 240_000 })
}

function binary(name: string): string {
  const arm = process.arch === 'arm64'
  const paths: Readonly<Record<string, string>> = {
    bun: `@oven/bun-linux-${arm ? 'aarch64' : 'x64'}/bin/bun`,
    deno: `@deno/linux-${arm ? 'arm64' : 'x64'}-glibc/deno`,
    workerd: `@cloudflare/workerd-linux-${arm ? 'arm64' : '64'}/bin/workerd`,
  }
  return join(cache, 'node_modules', paths[name] ?? '')
}

async function program(command: string, args: readonly string[]): Promise<unknown> {
  server.curfew.streaming = true
  const { consumer } = packed
  const options = { cwd: consumer, timeout: withinMs, env: { ...process.env, DENO_DIR: consumer } }
  const { stdout } = await run(command, [...args, 'main.ts', server.url], options)
  return JSON.parse(stdout)
}

test('in Node', { timeout: withinMs }, async () => {
  expect(await program(process.execPath, [])).toEqual(passed)
})

test('in Bun', { timeout: withinMs }, async () => {
  expect(await program(binary('bun'), ['run'])).toEqual(passed)
})

test('in Deno', { timeout: withinMs }, async () => {
  const flags = ['--allow-net', '--allow-env', '--allow-read', '--node-modules-dir=manual']
  expect(await program(binary('deno'), ['run', '--no-check', ...flags])).toEqual(passed)
})

test('in workerd, within one request', { timeout: withinMs }, async () => {
  server.curfew.streaming = true
  const { consumer } = packed
  const contents = `import { worker } from './worker.ts'\nexport default worker\n`
  await build({
    stdin: { contents, resolveDir: consumer, loader: 'ts' },
    ...{ bundle: true, format: 'esm', platform: 'browser', target: 'es2024', logLevel: 'silent' },
    outfile: join(consumer, 'worker.js'),
  })
  writeFileSync(join(consumer, 'worker.capnp'), workerConfig)
  const child = spawn(binary('workerd'), ['serve', 'worker.capnp', '--control-fd=1'], {
    cwd: consumer,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const port = await new Promise<number>((resolve, reject) => {
      child.stdout.on('data', (chunk) => {
        const heard = /"port":(\d+)/.exec(String(chunk))?.[1]
        if (heard !== undefined) resolve(Number(heard))
      })
      child.once('exit', (code) => reject(new Error(`workerd ended with ${code}`)))
    })
    const answer = await fetch(`http://127.0.0.1:${port}/?url=${encodeURIComponent(server.url)}`)
    const text = await answer.text()
    expect(answer.status, text).toBe(200)
    expect(JSON.parse(text)).toEqual(passed)
  } finally {
    child.kill('SIGKILL')
  }
})

/** The network of the machine itself, as the fake server is on loopback. */
const workerConfig = `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.js")],
  compatibilityDate = "2026-01-01",
);
`
