import { interleave, type Plan, type Results, seriesOf } from '../measure/interleave.ts'
import type { Goal, Report, Table } from '../report/report.ts'
import { milliseconds, type Row, ratio, whole } from '../report/table.ts'
import {
  httpCallers,
  httpContestants,
  httpName,
  type ServedStore,
  storeName,
} from './http-contestants.ts'
import { loadActs } from './load-orders.ts'

/** A real server process on each store, asked by another process, beside the store alone. */
export async function measureHttp(served: readonly ServedStore[], plan: Plan): Promise<Report> {
  const results = await interleave(served.flatMap(httpContestants), plan)
  return {
    tables: served.map(({ kind }) => tableOf(results, kind)),
    goals: served.flatMap(({ kind }) => goalsOf(results, kind)),
  }
}

function tableOf(results: Results, kind: string): Table {
  const rows = loadActs.flatMap((act) =>
    httpCallers.map((callers): Row => {
      const series = seriesOf(results, httpName(kind, act, callers))
      const store = seriesOf(results, storeName(kind, act))
      const cpu = (whose: string) => series.cpuUsPerAct(whose)?.median.toFixed(0) ?? '-'
      return [
        act,
        String(callers),
        whole(series.perSecond),
        `${milliseconds(series.latencyUs(0.5))} / ${milliseconds(series.latencyUs(0.99))}`,
        `${cpu('server')} / ${cpu('database')} / ${cpu('load')}`,
        callers === 1 ? '' : ratio(series.ratioTo(store)),
      ]
    }),
  )
  return {
    title: `Over HTTP: ${kind}`,
    head: [
      'act',
      'callers',
      'per second',
      'p50 / p99 ms',
      'CPU µs per request: server / database / load',
      'against the store alone',
    ],
    rows,
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
