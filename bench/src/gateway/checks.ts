/* Authenticated checks per second: Curfew, bare node:http and the peers, asked the same. */
import { type Contestant, counted } from '../measure/contestant.ts'
import { type Results, seriesOf } from '../measure/interleave.ts'
import type { Series } from '../measure/series.ts'
import type { Goal, Table } from '../report/report.ts'
import { milliseconds, type Row, ratio, whole } from '../report/table.ts'
import type { AskerClient } from './asker-client.ts'
import type { Gatekeeper } from './gatekeeper.ts'

export const fewConnections = 32
export const manyConnections = 128

/** Curfew stands beside each of the others; what has no session check is there for its peer's sake. */
export interface Lineup {
  readonly curfew: Gatekeeper
  readonly bare: Gatekeeper
  readonly peers: readonly Gatekeeper[]
  readonly unguarded: readonly Gatekeeper[]
}

/** Contestants of a line-up with two peers. */
export const checkContestants = 10

export function contestantsOf(lineup: Lineup, asker: AskerClient): readonly Contestant[] {
  const asked = (connections: number) => (who: Gatekeeper) => askedBy(asker, who, connections)
  const { curfew, bare, peers, unguarded } = lineup
  return [
    ...[bare, curfew, ...peers, ...unguarded].map(asked(fewConnections)),
    ...[bare, curfew, ...peers].map(asked(manyConnections)),
  ]
}

function askedBy(
  asker: AskerClient,
  { name, port, request, pids }: Gatekeeper,
  connections: number,
): Contestant {
  const ask = async (windowMs: number) => {
    const { window } = await asker.ask({ port, request, connections, windowMs })
    return window
  }
  const window = (windowMs: number) =>
    counted(
      () => ask(windowMs),
      () => ({ server: pids() }),
    )
  return { name: nameOf(name, connections), window }
}

function nameOf(name: string, connections: number): string {
  return `${name} ${connections}`
}

/** `apart`: each server had the first core to itself, the load the others. */
export function checksTable(results: Results, lineup: Lineup, apart: boolean): Table {
  const { curfew, bare, peers, unguarded } = lineup
  const rows = [fewConnections, manyConnections].flatMap((connections) => {
    const own = seriesOf(results, nameOf(curfew.name, connections))
    const others = [bare, ...peers, ...(connections === fewConnections ? unguarded : [])]
    return [
      rowOf(curfew.name, connections, own),
      ...others.map(({ name }) => {
        const series = seriesOf(results, nameOf(name, connections))
        return rowOf(name, connections, series, own)
      }),
    ]
  })
  const cores = apart ? 'each server on one core, the load on another' : 'all cores shared'
  return { title: `Forward auth: checks (${cores})`, head, rows }
}

const head: Row = [
  'who',
  'connections',
  'per second',
  'p50 / p99 ms',
  'CPU µs: server / load',
  "Curfew's rate against it",
  'its CPU against Curfew’s',
]

function rowOf(name: string, connections: number, series: Series, curfew?: Series): Row {
  const cpu = ['server', 'load'].map((whose) => series.cpuUsPerAct(whose)?.median.toFixed(0) ?? '-')
  return [
    name,
    String(connections),
    whole(series.perSecond),
    `${milliseconds(series.latencyUs(0.5))} / ${milliseconds(series.latencyUs(0.99))}`,
    cpu.join(' / '),
    curfew === undefined ? '' : ratio(curfew.ratioTo(series)),
    curfew === undefined ? '' : ratio(curfew.thriftAgainst(series, 'server')),
  ]
}

/** Of issue 3, in the order of the peers. */
const atLeastByName: Readonly<Record<string, number>> = {
  'bare node:http': 0.85,
  mod_auth_openidc: 3,
  'express-openid-connect': 10,
}

export function checkGoals(results: Results, { curfew, bare, peers }: Lineup): readonly Goal[] {
  return [bare, ...peers].flatMap(({ name }) =>
    [fewConnections, manyConnections].map((connections): Goal => {
      const own = seriesOf(results, nameOf(curfew.name, connections))
      const measured = own.ratioTo(seriesOf(results, nameOf(name, connections))).median
      const what = `checks per second against ${name}, ${connections} connections`
      return { what, atLeast: atLeastByName[name] ?? 1, measured }
    }),
  )
}
