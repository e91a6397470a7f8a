import { interleave, type Plan, type Results, seriesOf } from '../measure/interleave.ts'
import type { Series } from '../measure/series.ts'
import type { Goal, Report, Table } from '../report/report.ts'
import { microseconds, type Row, ratio } from '../report/table.ts'
import { algorithms, jwsContestants } from './jws-contestants.ts'
import { opaqueContestants } from './opaque-contestants.ts'

/** How many contestants this part has; its share of the time is cut by them. */
export const tokenContestants = algorithms.length * 7 + 4

/** What signing, verifying and opening cost, beside jose and beside node:crypto alone. */
export async function measureTokens(plan: Plan): Promise<Report> {
  const jws = await Promise.all(algorithms.map(jwsContestants))
  const contestants = [...jws.flat(), ...opaqueContestants()]
  const results = await interleave(contestants, plan)
  return { tables: [tableOf(results)], goals: [] satisfies Goal[] }
}

function tableOf(results: Results): Table {
  const limits = [
    ...algorithms.flatMap((algorithm) => [
      ...against(results, `${algorithm} sign, node:crypto`, [
        `${algorithm} sign, curfew`,
        `${algorithm} sign, jose`,
      ]),
      ...against(results, `${algorithm} verify, node:crypto`, [
        `${algorithm} verify, curfew`,
        `${algorithm} verify again, curfew`,
        `${algorithm} verify, jose`,
      ]),
    ]),
    ...against(results, 'one HMAC-SHA256, node:crypto', [
      'opaque derive, curfew',
      'opaque open, curfew',
      'opaque prove, curfew',
    ]),
  ]
  return {
    title: 'Tokens, one process',
    head: ['what', 'µs median (min-max)', 'rate against node:crypto'],
    rows: limits,
  }
}

function against(results: Results, limit: string, others: readonly string[]): readonly Row[] {
  const floor = seriesOf(results, limit)
  return [
    [limit, costOf(floor), '1'],
    ...others.map((name): Row => {
      const series = seriesOf(results, name)
      return [name, costOf(series), ratio(series.ratioTo(floor))]
    }),
  ]
}

function costOf(series: Series): string {
  const { median, min, max } = series.perSecond
  return microseconds({ median: 1e6 / median, min: 1e6 / max, max: 1e6 / min })
}
