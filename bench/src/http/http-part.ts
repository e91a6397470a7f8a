import { interleave, type Plan, type Results, seriesOf } from '../measure/interleave.ts'
import type { Series } from '../measure/series.ts'
import type { Goal, Report, Table } from '../report/report.ts'
import { milliseconds, type Row, ratio, whole } from '../report/table.ts'
import type { Floor } from './floor-client.ts'
import {
  floorContestant,
  floorName,
  httpCallers,
  httpContestants,
  httpName,
  type ServedStore,
  storeName,
} from './http-contestants.ts'
import { loadActs } from './load-orders.ts'

/** A real server process on a store, asked by another process, beside a store alone. */
export async function measureHttp(served: ServedStore, floor: Floor, plan: Plan): Promise<Report> {
  const contestants = [floorContestant(floor), ...httpContestants(served)]
  const results = await interleave(contestants, plan)
  const { kind } = served
  return { tables: [tableOf(results, kind)], goals: goalsOf(results, kind) }
}

function tableOf(results: Results, kind: string): Table {
  const rows = loadActs.flatMap((act) =>
    httpCallers.map((callers): Row => {
      const series = seriesOf(results, httpName(kind, act, callers))
      const store = seriesOf(results, storeName(kind, act))
      const { perSecond, latencies, cpu } = figuresOf(series)
      const share = callers === 1 ? '' : ratio(series.ratioTo(store))
      return [act, String(callers), perSecond, latencies, cpu, share]
    }),
  )
  const { perSecond, latencies, cpu } = figuresOf(seriesOf(results, floorName))
  const floor: Row = ['bare node:http', '16', perSecond, latencies, cpu, '']
  return { title: `Over HTTP: ${kind}`, head, rows: [floor, ...rows] }
}

const head: Row = [
  'act',
  'callers',
  'per second',
  'p50 / p99 ms',
  'CPU µs: server / database / load',
  'against the store alone',
]

function figuresOf(series: Series) {
  const cpu = ['server', 'database', 'load'].map(
    (whose) => series.cpuUsPerAct(whose)?.median.toFixed(0) ?? '-',
  )
  return {
    perSecond: whole(series.perSecond),
    latencies: `${milliseconds(series.latencyUs(0.5))} / ${milliseconds(series.latencyUs(0.99))}`,
    cpu: cpu.join(' / '),
  }
}

const refreshesPerSecond = 1500

function goalsOf(results: Results, kind: string): readonly Goal[] {
  const shares = loadActs.map((act): Goal => {
    const series = seriesOf(results, httpName(kind, act, 16))
    const measured = series.ratioTo(seriesOf(results, storeName(kind, act))).median
    return {
      what: `${kind}: ${act} over HTTP against the store alone, 16 callers`,
      atLeast: 0.5,
      measured,
    }
  })
  if (kind !== 'postgres') return shares
  const { median } = seriesOf(results, httpName(kind, 'refresh', 16)).perSecond
  const what = 'PostgreSQL: refreshes per second over HTTP, 16 callers'
  return [...shares, { what, atLeast: refreshesPerSecond, measured: median }]
}
