/* How long after the answer of a logout the other replica refuses the session, by the ways of telling it. */

import { Wire } from '../../../packages/server/test/races/rig/wire.ts'
import { startRedis } from '../../../packages/server/test/services/index.ts'
import { newSecret } from '../gateway/curfew-gate.ts'
import type { GatewayPlace } from '../gateway/gateway-part.ts'
import { startCurfew } from '../http/curfew-process.ts'
import type { LoadTarget } from '../http/load-orders.ts'
import { progress } from '../measure/interleave.ts'
import { ascending, percentile } from '../measure/statistics.ts'
import { checkSections } from '../processes/check-request.ts'
import type { Goal, Report, Table } from '../report/report.ts'
import type { Row } from '../report/table.ts'
import { during } from './during.ts'
import { type Replicas, Sighting } from './sighting.ts'

interface Way {
  readonly name: string
  readonly redis: boolean
  readonly notify: boolean
  /** Ends that are seen at the same time: one alone leaves the other replica to its loop. */
  readonly lanes: number
  /** Each end comes at a random moment within so long. */
  readonly waitMsMax: number
}

const pullIntervalMs = 1000
/** With no hint every moment between two pulls has to be as likely as the others. */
const lost = { lanes: 16, waitMsMax: pullIntervalMs }
const told = { lanes: 1, waitMsMax: 5 }
const ways: readonly Way[] = [
  { name: 'Redis and NOTIFY', redis: true, notify: true, ...told },
  { name: 'Redis alone, NOTIFY lost', redis: true, notify: false, ...told },
  { name: 'NOTIFY alone', redis: false, notify: true, ...told },
  { name: 'both lost', redis: false, notify: false, ...lost },
]
/** What an answer in a loop and a read of the feed may add, in the lost case. */
const slackMs = 100
const rehearsals = 20

interface Seen {
  readonly way: Way
  /** Rising. */
  readonly tookMs: readonly number[]
}

export async function measureReach(place: GatewayPlace, count: number): Promise<Report> {
  const seen: Seen[] = []
  for (const way of ways) {
    seen.push(await during(place, (own) => seenBy(own, way, count)))
    progress('.')
  }
  progress('\n')
  return { tables: [tableOf(seen)], goals: goalsOf(seen) }
}

async function seenBy(place: GatewayPlace, way: Way, count: number): Promise<Seen> {
  const replicas = await openReplicas(place, way)
  await sightings(replicas, way, rehearsals)
  return { way, tookMs: (await sightings(replicas, way, count)).sort(ascending) }
}

/** Each way has a database of its own: no pull of one is busy with the ends of another. */
async function openReplicas(place: GatewayPlace, way: Way): Promise<Replicas> {
  const store = await place.database()
  const redis = way.redis ? await startRedis() : undefined
  if (redis !== undefined) place.closing(() => redis.stop())
  const sections = {
    ...checkSections,
    server: { ...checkSections.server, publicUrl: 'http://127.0.0.1:4455' },
    ...{ secrets: [newSecret()], revocation: { pullInterval: `${pullIntervalMs}ms` } },
    ...(redis === undefined ? {} : { redis: redis.url }),
  }
  const start = async (url: string): Promise<LoadTarget> => {
    const server = await startCurfew({ store: url, folder: place.folder, sections })
    place.closing(() => server.stop())
    return server.target
  }
  const one = await start(store)
  return { one, other: await start(way.notify ? store : await deafUrl(place, store)) }
}

/** The same store, but what it tells without having been asked is lost on the way. */
async function deafUrl(place: GatewayPlace, store: string): Promise<string> {
  const wire = await Wire.to(store)
  place.closing(() => wire.close())
  wire.deaf = true
  return wire.url(store)
}

async function sightings(replicas: Replicas, way: Way, count: number): Promise<number[]> {
  const tookMs: number[] = []
  let begun = 0
  const lane = async (): Promise<void> => {
    const sighting = await Sighting.open(replicas)
    while (begun < count) {
      begun += 1
      tookMs.push(await sighting.see(Math.random() * way.waitMsMax))
    }
    sighting.close()
  }
  await Promise.all(Array.from({ length: Math.min(way.lanes, count) }, lane))
  return tookMs
}

function tableOf(seen: readonly Seen[]): Table {
  const rows = seen.map(({ way, tookMs }): Row => {
    const before = tookMs.filter((ms) => ms <= 0).length
    const shown = [0.5, 0.99, 1].map((share) => percentile(tookMs, share).toFixed(1))
    const early = `${((100 * before) / tookMs.length).toFixed(0)} %`
    return [way.name, String(tookMs.length), ...shown, early]
  })
  const title = `From the answer of POST /logout to the first refusal by the other replica (pull: ${pullIntervalMs} ms)`
  return { title, head, rows }
}

const head: Row = ['told by', 'ends', 'p50 ms', 'p99 ms', 'max ms', 'refused before that answer']

function goalsOf(seen: readonly Seen[]): readonly Goal[] {
  const silent = seen.find(({ way }) => !way.redis && !way.notify)
  const measured = silent?.tookMs.at(-1) ?? Number.NaN
  const what = 'both lost: the last refusal after its logout, ms (the pull, an answer)'
  return [{ what, atMost: pullIntervalMs + slackMs, measured }]
}
