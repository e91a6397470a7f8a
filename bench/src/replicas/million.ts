/* A store with a million live sessions beside one with a thousand: how it starts, and how it answers. */
import type { GatewayPlace } from '../gateway/gateway-part.ts'
import { interleave, type Plan, type Results, seriesOf } from '../measure/interleave.ts'
import { type Spread, spreadOf } from '../measure/statistics.ts'
import type { Report, Table } from '../report/report.ts'
import { milliseconds, type Row, ratio } from '../report/table.ts'
import { type EngineKind, engineKinds } from '../store/engine.ts'
import { Crowd, type Start } from './crowd.ts'
import { type CrowdAct, crowdActs, crowdContestant } from './crowd-acts.ts'
import { databasePidsOf } from './database-pids.ts'
import { during } from './during.ts'
import { fewSessions } from './options.ts'

const rounds = 5
/** Each server compiles its hot code in the first thousands of requests. */
const warmUpMsMax = 2000
/** Of a whole run, for each contestant. */
const warmUpShare = 0.05

export interface CrowdOrder {
  readonly seconds: number
  readonly sessions: number
}

export async function measureMillion(place: GatewayPlace, order: CrowdOrder): Promise<Report> {
  const { seconds, sessions } = order
  const windows = engineKinds.length * crowdActs.length * 2 * rounds
  const warmUpMs = Math.min(seconds * 1000 * warmUpShare, warmUpMsMax)
  const plan = { rounds, warmUpMs, windowMs: (seconds * 1000) / windows }
  const tables: Table[] = []
  for (const kind of engineKinds) {
    tables.push(...(await during(place, (own) => measureEngine(own, kind, sessions, plan))))
  }
  return { tables, goals: [] }
}

async function measureEngine(
  place: GatewayPlace,
  kind: EngineKind,
  sessions: number,
  plan: Plan,
): Promise<readonly Table[]> {
  const crowds = [
    await Crowd.gather(place, kind, fewSessions),
    await Crowd.gather(place, kind, sessions),
  ]
  const databasePids = kind === 'postgres' ? await databasePidsOf(await place.database()) : () => []
  const contestants = crowdActs.flatMap((act) =>
    crowds.map((crowd) => crowdContestant(nameOf(act, crowd), { crowd, act, databasePids })),
  )
  const results = await interleave(contestants, plan)
  return [startsTable(kind, crowds), actsTable(kind, crowds, results)]
}

function nameOf(act: CrowdAct, { sessions }: Crowd): string {
  return `${act} among ${sessions}`
}

function startsTable(kind: EngineKind, crowds: readonly Crowd[]): Table {
  const empty = crowds.flatMap(({ starts }) => starts.empty)
  const rows = [
    startsRow(0, empty),
    ...crowds.map(({ sessions, starts }) => startsRow(sessions, starts.full)),
  ]
  const head = ['live sessions', 'ms until ready', 'resident MB', 'most until then, MB']
  return { title: `Start of a server: ${kind}`, head, rows }
}

function startsRow(sessions: number, starts: readonly Start[]): Row {
  const spread = (of: (start: Start) => number) => range(spreadOf(starts.map(of)))
  return [
    String(sessions),
    spread(({ ms }) => ms),
    spread(({ resident }) => resident.nowBytes / 2 ** 20),
    spread(({ resident }) => resident.peakBytes / 2 ** 20),
  ]
}

function range({ median, min, max }: Spread): string {
  return `${median.toFixed(0)} (${min.toFixed(0)}-${max.toFixed(0)})`
}

function actsTable(kind: EngineKind, crowds: readonly Crowd[], results: Results): Table {
  const rows = crowdActs.flatMap((act) =>
    crowds.map((crowd, index): Row => {
      const series = seriesOf(results, nameOf(act, crowd))
      const [first] = crowds
      const against =
        first !== undefined && index > 0 ? seriesOf(results, nameOf(act, first)) : series
      const cpu = ['server', 'database'].map(
        (whose) => series.cpuUsPerAct(whose)?.median.toFixed(0) ?? '-',
      )
      return [
        act,
        String(crowd.sessions),
        milliseconds(series.latencyUs(0.5)),
        milliseconds(series.latencyUs(0.99)),
        cpu.join(' / '),
        against === series ? '1' : ratio(series.ratioTo(against)),
      ]
    }),
  )
  return { title: `Acts among so many live sessions: ${kind}`, head: actsHead, rows }
}

const actsHead: Row = [
  'act',
  'live sessions',
  'p50 ms',
  'p99 ms',
  'CPU µs: server / database',
  `rate against ${fewSessions}`,
]
