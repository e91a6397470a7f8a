import { execFileSync } from 'node:child_process'
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { ascending, percentile } from '../measure/statistics.ts'

/** What the figures depend on, one line each. */
export function describeMachine(folder: string): readonly string[] {
  const memory = (totalmem() / 2 ** 30).toFixed(0)
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  return [
    `date: ${new Date().toISOString()}`,
    `commit: ${commit()}`,
    `machine: ${availableParallelism()} cores of ${model}, ${memory} GiB, ${type()} ${release()} ${arch()}`,
    `load average before: ${loadavg()
      .map((load) => load.toFixed(2))
      .join(' ')}`,
    `one durable write of 4 KiB (write, fdatasync): ${Math.round(syncUs(folder))} µs median`,
    `node ${process.versions.node}, OpenSSL ${process.versions.openssl}, SQLite ${process.versions.sqlite ?? '-'}`,
  ]
}

function commit(): string {
  const head = git(['rev-parse', '--short', 'HEAD'])
  if (head === undefined) return 'not a git checkout'
  return git(['status', '--porcelain']) === '' ? head : `${head} with uncommitted changes`
}

function git(args: readonly string[]): string | undefined {
  try {
    const options = { cwd: import.meta.dirname, encoding: 'utf8', stdio: 'pipe' } as const
    return execFileSync('git', [...args], options).trim()
  } catch {
    return undefined
  }
}

const syncSamples = 200

/** The floor of every durable transaction that does not share its flush with others. */
function syncUs(folder: string): number {
  const file = openSync(join(folder, 'sync'), 'w')
  const page = Buffer.alloc(4096, 1)
  const samples = Array.from({ length: syncSamples }, () => {
    const begun = performance.now()
    writeSync(file, page)
    fdatasyncSync(file)
    return (performance.now() - begun) * 1000
  })
  closeSync(file)
  return percentile(samples.sort(ascending), 0.5)
}
