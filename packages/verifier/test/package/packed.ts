/* The package as it is published: built, packed, and installed in a folder where nothing else is. */
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const repository = join(import.meta.dirname, '../../../..')

export interface Packed {
  /** What was built, before it was packed. */
  readonly built: string
  readonly tarball: string
  /** A folder whose node_modules hold the tarball and what it depends on. */
  readonly consumer: string
  remove(): void
}

export async function packVerifier(): Promise<Packed> {
  const folder = mkdtempSync(join(tmpdir(), 'curfew-packed-'))
  const [built, consumer] = [join(folder, 'built'), join(folder, 'consumer')]
  await run(process.execPath, ['tools/build-verifier.ts', built], { cwd: repository })
  await run('npm', ['pack', '--pack-destination', folder], { cwd: built })
  const name = readdirSync(folder).find((file) => file.endsWith('.tgz')) ?? ''
  const tarball = join(folder, name)
  mkdirSync(consumer)
  const manifest = { name: 'consumer', private: true, type: 'module' }
  writeFileSync(join(consumer, 'package.json'), JSON.stringify(manifest))
  const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund']
  await run('npm', ['install', ...flags, tarball], { cwd: consumer })
  const suites = join(import.meta.dirname, '../runtimes')
  for (const file of ['suite.ts', 'main.ts', 'worker.ts']) {
    cpSync(join(suites, file), join(consumer, file))
  }
  return {
    built,
    tarball,
    consumer,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
