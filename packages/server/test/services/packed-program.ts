/*
 * Packs the program into one folder for a run of the tests: they start it hundreds of times, and half of
 * each start would be finding and reading a thousand files.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'rolldown'

const source = fileURLToPath(new URL('../../src/bin.ts', import.meta.url))
const assets = fileURLToPath(new URL('../../assets', import.meta.url))
const caches = fileURLToPath(new URL('../../../../node_modules/.cache', import.meta.url))

// Each project loads this file on its own; the pack hangs on something global.
const shelf: { curfewPack?: { users: number; readonly packed: Promise<string> } } =
  Object.assign(globalThis)

/** Vitest's workers inherit CURFEW_PROGRAM, and harness/process.ts starts what it names. */
export async function setup(): Promise<() => void> {
  shelf.curfewPack ??= { users: 0, packed: pack() }
  const shared = shelf.curfewPack
  shared.users++
  const folder = await shared.packed
  process.env['CURFEW_PROGRAM'] = join(folder, 'bin.mjs')
  return () => {
    shared.users--
    if (shared.users > 0) return
    delete shelf.curfewPack
    delete process.env['CURFEW_PROGRAM']
    rmSync(folder, { recursive: true, force: true })
  }
}

async function pack(): Promise<string> {
  mkdirSync(caches, { recursive: true })
  const dir = mkdtempSync(join(caches, 'curfew-program-'))
  // Names stay as they are, so that a stack trace can be read.
  const minify = { compress: false, mangle: false, codegen: true }
  const names = { entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs' }
  const output = { ...names, dir, format: 'esm', minify } as const
  await build({ input: source, platform: 'node', logLevel: 'warn', output })
  // The console, where it is built: the program looks for it beside itself (console-folder.ts).
  if (existsSync(assets)) cpSync(assets, join(dir, 'assets'), { recursive: true })
  return dir
}
