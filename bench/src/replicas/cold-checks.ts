/* Checks of sessions that a process has never seen, with Redis in front of PostgreSQL and without. */
import { fewConnections } from '../gateway/checks.ts'
import { type GatewayPlace, warmUp } from '../gateway/gateway-part.ts'
import { canPin, pin } from '../measure/core.ts'
import { interleave, type Results, seriesOf } from '../measure/interleave.ts'
import type { Series } from '../measure/series.ts'
import type { Goal, Report, Table } from '../report/report.ts'
import { milliseconds, type Row, ratio, whole } from '../report/table.ts'
import { ColdChecks, coldNames, type Tallies } from './cold-contestants.ts'
import { type ColdStage, openColdStage } from './cold-stage.ts'

const rounds = 5
const contestantCount = 5
/** Each server compiles its hot code in the first thousands of requests. */
const warmUpMsMax = 2000
/** Of a whole run, for each contestant. */
const warmUpShare = 0.05

export async function measureCold(place: GatewayPlace, seconds: number): Promise<Report> {
  const stage = await openColdStage(place)
  const apart = keepApart(stage)
  const { asker, floors } = stage
  for (const floor of [floors.redis, floors.postgres]) await warmUp(asker, floor)
  const checks = new ColdChecks(stage)
  const windowMs = (seconds * 1000) / (contestantCount * rounds)
  const warmUpMs = Math.min(seconds * 1000 * warmUpShare, warmUpMsMax)
  const results = await interleave(checks.contestants(), { rounds, windowMs, warmUpMs })
  const table = tableOf({ results, stage, tallies: checks.tallies, apart })
  return { tables: [table], goals: goalsOf(checks.tallies) }
}

/** Each server that is asked has the first core, all that it asks and the load have the others. */
function keepApart({ overRedis, overPostgres, floors, asker, pids }: ColdStage): boolean {
  if (!canPin()) return false
  const servers = [overRedis.gatekeeper, overPostgres.gatekeeper, floors.redis, floors.postgres]
  const asked = [asker.pid, pids.redis, ...pids.database()]
  return (
    pin(
      servers.flatMap((one) => one.pids()),
      'first',
    ) && pin(asked, 'others')
  )
}

interface Measured {
  readonly results: Results
  readonly stage: ColdStage
  readonly tallies: Tallies
  readonly apart: boolean
}

function tableOf({ results, stage, tallies, apart }: Measured): Table {
  const warm = seriesOf(results, coldNames.warm)
  const row = (which: keyof typeof coldNames, floor?: string): Row => {
    const series = seriesOf(results, coldNames[which])
    const { hits, asked } = tallies[which]
    return [
      ...figures(series),
      `${((100 * hits) / asked).toFixed(1)} %`,
      floor === undefined ? '' : ratio(series.ratioTo(seriesOf(results, floor))),
      which === 'warm' ? '' : ratio(series.ratioTo(warm)),
    ]
  }
  const { redis, postgres } = stage.floors
  const rows = [
    row('redis', redis.name),
    row('postgres', postgres.name),
    row('warm'),
    [...figures(seriesOf(results, redis.name)), '', '', ''],
    [...figures(seriesOf(results, postgres.name)), '', '', ''],
  ]
  const cores = apart ? 'the server on one core, all else on the others' : 'all cores shared'
  return {
    title: `Checks of other sessions each time, ${fewConnections} connections (${cores})`,
    head,
    rows,
  }
}

const head: Row = [
  'session',
  'per second',
  'p50 / p99 ms',
  'CPU µs: server / database / Redis / load',
  'found in Redis',
  'against its floor',
  'against seen before',
]

function figures(series: Series): readonly string[] {
  const whose = ['server', 'database', 'redis', 'load']
  return [
    series.name,
    whole(series.perSecond),
    `${milliseconds(series.latencyUs(0.5))} / ${milliseconds(series.latencyUs(0.99))}`,
    whose.map((one) => series.cpuUsPerAct(one)?.median.toFixed(0) ?? '-').join(' / '),
  ]
}

/** Else the table is about something else than it says. */
function goalsOf({ redis, postgres }: Tallies): readonly Goal[] {
  return [
    {
      what: 'checks over Redis that Redis answered, share',
      atLeast: 0.95,
      measured: redis.hits / redis.asked,
    },
    {
      what: 'checks over PostgreSQL that Redis answered, share',
      atMost: 0,
      measured: postgres.hits / postgres.asked,
    },
  ]
}
