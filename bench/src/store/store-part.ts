import { interleave, type Plan, type Results, seriesOf } from '../measure/interleave.ts'
import type { Series } from '../measure/series.ts'
import type { Goal, Report, Table } from '../report/report.ts'
import { milliseconds, type Row, ratio, whole } from '../report/table.ts'
import type { StoreActs } from './acts.ts'
import { endCallers, fewCallers, nameOf, storeContestants } from './contestants.ts'
import type { EngineKind } from './engine.ts'

/** Every act of the store, with the raw statement that is its limit. */
const acts = [
  { act: 'start', limit: 'raw insert', callers: fewCallers },
  { act: 'refresh, read and swap', limit: 'raw update', callers: fewCallers },
  { act: 'refresh, cached swap', limit: 'raw update', callers: fewCallers },
  { act: 'end', limit: 'raw revoke', callers: endCallers },
] as const

/** Starts, refreshes and ends of one store, beside the durable transactions of the engine under it. */
export async function measureStore(store: StoreActs, plan: Plan): Promise<Report> {
  const { kind } = store.engine
  const results = await interleave(storeContestants(store), plan)
  return { tables: [tableOf(results, kind)], goals: kind === 'postgres' ? goalsOf(results) : [] }
}

function tableOf(results: Results, kind: EngineKind): Table {
  const rows = acts.flatMap(({ act, limit, callers }) =>
    callers.map((count): Row => {
      const series = seriesOf(results, nameOf(kind, act, count))
      const raw = seriesOf(results, nameOf(kind, limit, count))
      return [
        act,
        String(count),
        whole(series.perSecond),
        `${milliseconds(series.latencyUs(0.5))} / ${milliseconds(series.latencyUs(0.99))}`,
        cpuOf(series),
        `${limit} ${whole(raw.perSecond)}`,
        cpuOf(raw),
        ratio(series.ratioTo(raw)),
      ]
    }),
  )
  return {
    title: `Store alone: ${kind}`,
    head: [
      'act',
      'callers',
      'per second',
      'p50 / p99 ms',
      'CPU µs: node / database',
      'limit, per second',
      'its CPU µs',
      'ratio',
    ],
    rows,
  }
}

function cpuOf(series: Series): string {
  const each = ['node', 'database'].map((whose) => series.cpuUsPerAct(whose)?.median.toFixed(0))
  return each.map((us) => us ?? '-').join(' / ')
}

/** Group commit and the cached swap are requirements on PostgreSQL, where a flush can be shared. */
function goalsOf(results: Results): readonly Goal[] {
  const ratioOf = (act: string, limit: string, callers: number) =>
    seriesOf(results, nameOf('postgres', act, callers)).ratioTo(
      seriesOf(results, nameOf('postgres', limit, callers)),
    ).median
  return [
    {
      what: 'PostgreSQL: ends of 16 callers against plain revokes',
      atLeast: 1.2,
      measured: ratioOf('end', 'raw revoke', 16),
    },
    {
      what: 'PostgreSQL: ends of 64 callers against plain revokes',
      atLeast: 3,
      measured: ratioOf('end', 'raw revoke', 64),
    },
    {
      what: 'PostgreSQL: refresh by cached swap, 16 callers, against a raw UPDATE',
      atLeast: 0.85,
      measured: ratioOf('refresh, cached swap', 'raw update', 16),
    },
  ]
}
