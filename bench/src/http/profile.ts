/* Where the server's processor time goes, from the .cpuprofile that V8 wrote. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Table } from '../report/report.ts'
import type { Row } from '../report/table.ts'

interface CallFrame {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
}

interface ProfileNode {
  readonly id: number
  readonly callFrame: CallFrame
  readonly children?: readonly number[]
}

interface Profile {
  /** In microseconds, as are the deltas. */
  readonly endTime: number
  readonly startTime: number
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const rowsMax = 30

/** How a server is to be run and asked while V8 watches it. */
export interface ProfileOrder {
  /** For Node: they name the folder of the profile. */
  readonly nodeOptions: readonly string[]
  readonly warmUpSeconds: number
  readonly seconds: number
}

/**
 * Of the profile that lies in `folder`: the files, then the functions, that ran the longest themselves.
 * Only its last seconds count: before them the server started and warmed up.
 */
export function profileTables(folder: string, lastSeconds: number): readonly Table[] {
  const name = readdirSync(folder).find((file) => file.endsWith('.cpuprofile'))
  if (name === undefined) throw new Error('the server wrote no profile')
  const profile: Profile = JSON.parse(readFileSync(join(folder, name), 'utf8'))
  const selfUs = selfTimes(profile, profile.endTime - lastSeconds * 1e6)
  const busy = profile.nodes.filter(({ callFrame }) => callFrame.functionName !== '(idle)')
  const total = busy.reduce((sum, { id }) => sum + (selfUs.get(id) ?? 0), 0)
  const rank = (key: (frame: CallFrame) => string) => ranked(busy, selfUs, total, key)
  return [
    { title: 'Own time by package or room', head, rows: rank(({ url }) => groupOf(url)) },
    { title: 'Own time by file', head, rows: rank(({ url }) => shortUrl(url)) },
    {
      title: 'Own time by function',
      head,
      rows: rank((frame) => `${frame.functionName || '(anonymous)'} ${place(frame)}`),
    },
    {
      title: 'Time by function with all that it called',
      head,
      rows: inclusive(profile, selfUs, total),
    },
  ]
}

const head: Row = ['where', '% of busy time']

function selfTimes(profile: Profile, fromUs: number): ReadonlyMap<number, number> {
  const { samples, timeDeltas } = profile
  const selfUs = new Map<number, number>()
  let at = profile.startTime
  for (const [index, id] of samples.entries()) {
    at += timeDeltas[index] ?? 0
    // What a sample shows lasts until the next one.
    const lasted = timeDeltas[index + 1] ?? 0
    if (at >= fromUs) selfUs.set(id, (selfUs.get(id) ?? 0) + Math.max(0, lasted))
  }
  return selfUs
}

function ranked(
  nodes: readonly ProfileNode[],
  selfUs: ReadonlyMap<number, number>,
  total: number,
  key: (frame: CallFrame) => string,
): readonly Row[] {
  const sums = new Map<string, number>()
  for (const { id, callFrame } of nodes) {
    const name = key(callFrame)
    sums.set(name, (sums.get(name) ?? 0) + (selfUs.get(id) ?? 0))
  }
  return topRows(sums, total)
}

function topRows(sums: ReadonlyMap<string, number>, total: number): readonly Row[] {
  return [...sums]
    .sort(([, a], [, b]) => b - a)
    .slice(0, rowsMax)
    .map(([name, us]) => [name, ((100 * us) / total).toFixed(1)])
}

/** A function counts once for each stack, however often it stands in it. */
function inclusive(
  profile: Profile,
  selfUs: ReadonlyMap<number, number>,
  total: number,
): readonly Row[] {
  const byId = new Map(profile.nodes.map((node) => [node.id, node]))
  const sums = new Map<string, number>()
  const walk = (id: number, above: ReadonlySet<string>): number => {
    const node = byId.get(id)
    if (node === undefined || node.callFrame.functionName === '(idle)') return 0
    const name = `${node.callFrame.functionName || '(anonymous)'} ${place(node.callFrame)}`
    const inside = new Set(above).add(name)
    const below = (node.children ?? []).reduce((sum, child) => sum + walk(child, inside), 0)
    const us = below + (selfUs.get(id) ?? 0)
    if (!above.has(name)) sums.set(name, (sums.get(name) ?? 0) + us)
    return us
  }
  const [root] = profile.nodes
  if (root !== undefined) walk(root.id, new Set())
  return topRows(sums, total)
}

function place({ url, lineNumber }: CallFrame): string {
  return url === '' ? '' : `${shortUrl(url)}:${lineNumber + 1}`
}

function shortUrl(url: string): string {
  if (url === '') return '(V8 and native code)'
  return url.replace(/^.*\/node_modules\//, '').replace(/^file:.*\/packages\//, '')
}

/** `server/src/http`, a package's name, or `node:`. */
function groupOf(url: string): string {
  const short = shortUrl(url)
  if (short.startsWith('node:')) return 'node: (JavaScript inside Node)'
  const own = /^(?:server|verifier)\/src\/[^/]+/.exec(short)?.[0]
  return own ?? /^(?:@[^/]+\/)?[^/]+/.exec(short)?.[0] ?? short
}
