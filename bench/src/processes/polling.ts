/* What the feed costs one server that so many verifiers poll. */
import type { GatewayPlace } from '../gateway/gateway-part.ts'
import { startCurfew } from '../http/curfew-process.ts'
import { type Contestant, counted } from '../measure/contestant.ts'
import { interleave, type Results, seriesOf } from '../measure/interleave.ts'
import { OrderedProcess } from '../measure/ordered-process.ts'
import type { Series } from '../measure/series.ts'
import { spreadOf } from '../measure/statistics.ts'
import type { Table } from '../report/report.ts'
import { milliseconds, type Row, whole } from '../report/table.ts'
import type { PollAnswer, PollOrder } from './poll-orders.ts'

const pollerCounts = [10, 100, 1000] as const
const rounds = 3
const everyMs = 1000
const endsPerSecond = 20

export async function measurePolling(place: GatewayPlace, seconds: number): Promise<Table> {
  const store = await place.database()
  const server = await startCurfew({ store, folder: place.folder, sections: readers })
  place.closing(() => server.stop())
  const file = new URL('pollers.ts', import.meta.url)
  const crowd = new OrderedProcess<PollOrder, PollAnswer>(file, 'the pollers')
  place.closing(() => crowd.stop())
  const { port } = server.target
  const order = { port, authorization: readerBasic, everyMs, endsPerSecond }
  const contestants = pollerCounts.map((pollers): Contestant => {
    const poll = async (windowMs: number) => {
      const { window } = await crowd.carryOut({ ...order, pollers, windowMs })
      return window
    }
    const window = (windowMs: number) =>
      counted(
        () => poll(windowMs),
        () => ({ server: [server.pid] }),
      )
    return { name: nameOf(pollers), window }
  })
  // Each poller has to ask a few times.
  const windowMs = Math.max((seconds * 1000) / (pollerCounts.length * rounds), 3 * everyMs)
  return tableOf(await interleave(contestants, { rounds, windowMs, warmUpMs: 2 * everyMs }))
}

const reader = { id: 'reader', secret: 'a-secret-of-the-bench-alone' }
const readerBasic = `Basic ${Buffer.from(`${reader.id}:${reader.secret}`).toString('base64')}`
const readers = { clients: [{ ...reader, roles: ['issuer', 'service'] }] }

function nameOf(pollers: number): string {
  return `${pollers} pollers`
}

function tableOf(results: Results): Table {
  const rows = pollerCounts.map((pollers): Row => {
    const series = seriesOf(results, nameOf(pollers))
    const latencies = [0.5, 0.99].map((share) => milliseconds(series.latencyUs(share)))
    const cost = series.cpuUsPerAct('server')?.median.toFixed(0) ?? '-'
    return [String(pollers), whole(series.perSecond), latencies.join(' / '), cost, busy(series)]
  })
  return { title: 'The feed, polled once a second by each, with 20 ends a second', head, rows }
}

/** How much of one core the server took, with the ends that it carried out. */
function busy({ windows }: Series): string {
  const shares = windows.map(({ cpuUs, allActs, acts, seconds }) => {
    const wholeSeconds = (seconds * allActs) / acts
    return (cpuUs?.['server'] ?? Number.NaN) / (wholeSeconds * 1e4)
  })
  const { median, min, max } = spreadOf(shares)
  return `${median.toFixed(1)} (${min.toFixed(1)}-${max.toFixed(1)})`
}

const head: Row = ['pollers', 'polls per second', 'p50 / p99 ms', 'CPU µs a poll', '% of a core']
