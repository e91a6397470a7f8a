/* The same acts against one, two and four processes behind one port, each on a database of its own. */
import { AskerClient } from '../gateway/asker-client.ts'
import type { GatewayPlace } from '../gateway/gateway-part.ts'
import { type CurfewProcess, startCurfew } from '../http/curfew-process.ts'
import { LoadClient } from '../http/load-client.ts'
import type { LoadAct } from '../http/load-orders.ts'
import { type Contestant, counted, type Window } from '../measure/contestant.ts'
import { interleave, type Results, seriesOf } from '../measure/interleave.ts'
import { familyOf } from '../measure/processor-time.ts'
import type { Table } from '../report/report.ts'
import { milliseconds, type Row, ratio, whole } from '../report/table.ts'
import { checkRequest, checkSections } from './check-request.ts'

const processCounts = [1, 2, 4] as const
const acts = ['check', 'refresh', 'logout'] as const
type Act = (typeof acts)[number]

const rounds = 5
/** A server compiles its hot code in the first thousands of requests, each process for itself. */
const warmUpMsMax = 2000
/** Of a whole run, for each contestant. */
const warmUpShare = 0.05
/** Processes that make the load: one alone is slower than two servers. */
const loads = 2
const checkConnections = 32
const callers = 16
/** Logouts per second that a window is stocked for; one that runs dry just ends early. */
const stockedLogoutsPerSecond = 3000

interface Contender {
  readonly processes: number
  readonly server: CurfewProcess
  readonly check: string
  readonly askers: readonly AskerClient[]
  readonly loads: readonly LoadClient[]
}

export async function measureScaling(place: GatewayPlace, seconds: number): Promise<Table> {
  const contenders: Contender[] = []
  for (const processes of processCounts) contenders.push(await contend(place, processes))
  const contestants = contenders.flatMap((one) => acts.map((act) => contestant(one, act)))
  const windowMs = (seconds * 1000) / (contestants.length * rounds)
  const warmUpMs = Math.min(seconds * 1000 * warmUpShare, warmUpMsMax)
  return tableOf(await interleave(contestants, { rounds, windowMs, warmUpMs }))
}

async function contend(place: GatewayPlace, processes: number): Promise<Contender> {
  const { folder, closing } = place
  const store = await place.database()
  const sections = { ...checkSections, server: { ...checkSections.server, workers: processes } }
  const server = await startCurfew({ store, folder, sections })
  closing(() => server.stop())
  const askers = Array.from({ length: loads }, () => AskerClient.start())
  for (const one of askers) closing(() => one.stop())
  const clients = await Promise.all(askers.map(() => LoadClient.start(server.target)))
  for (const one of clients) closing(() => one.stop())
  return { processes, server, askers, loads: clients, check: await checkRequest(server.target) }
}

function contestant(contender: Contender, act: Act): Contestant {
  const pids = () => ({ server: familyOf(contender.server.pid) })
  const ask = act === 'check' ? checks : (one: Contender, ms: number) => carryOut(one, act, ms)
  const window = (windowMs: number) => counted(() => ask(contender, windowMs), pids)
  const name = nameOf(contender.processes, act)
  if (act !== 'logout') return { name, window }
  const stock = (windowMs: number) => Math.ceil((stockedLogoutsPerSecond * windowMs) / 1000 / loads)
  const before = async (windowMs: number) => {
    await Promise.all(contender.loads.map((one) => one.supply(stock(windowMs), callers)))
  }
  return { name, window, before }
}

async function checks({ askers, server, check }: Contender, windowMs: number): Promise<Window> {
  const connections = checkConnections / loads
  const order = { port: server.target.port, request: check, connections, windowMs }
  const asked = await Promise.all(askers.map((one) => one.ask(order)))
  return together(asked.map(({ window }) => window))
}

async function carryOut(contender: Contender, act: LoadAct, windowMs: number): Promise<Window> {
  const each = contender.loads.map((one) => one.window(act, callers / loads, windowMs))
  return together(await Promise.all(each))
}

/** Windows that were open at the same time. */
function together(windows: readonly Window[]): Window {
  const sum = (of: (window: Window) => number) => windows.reduce((all, one) => all + of(one), 0)
  return {
    acts: sum(({ acts: own }) => own),
    allActs: sum(({ allActs }) => allActs),
    seconds: Math.max(...windows.map((one) => one.seconds)),
    latenciesUs: windows.flatMap(({ latenciesUs }) => latenciesUs),
    cpuUs: { load: sum(({ cpuUs }) => cpuUs?.['load'] ?? 0) },
  }
}

function nameOf(processes: number, act: Act): string {
  return `${processes} ${act}`
}

function tableOf(results: Results): Table {
  const rows = acts.flatMap((act) =>
    processCounts.map((processes): Row => {
      const series = seriesOf(results, nameOf(processes, act))
      const growth =
        processes === 1 ? '1' : ratio(series.ratioTo(seriesOf(results, nameOf(1, act))))
      const cpu = (whose: string) => series.cpuUsPerAct(whose)?.median.toFixed(0) ?? '-'
      const latencies = [0.5, 0.99].map((share) => milliseconds(series.latencyUs(share)))
      const perSecond = whole(series.perSecond)
      const costs = `${cpu('server')} / ${cpu('load')}`
      return [act, String(processes), perSecond, growth, latencies.join(' / '), costs]
    }),
  )
  return { title: 'Several processes behind one port, on PostgreSQL', head, rows }
}

const head: Row = [
  'act',
  'processes',
  'per second',
  'against one process',
  'p50 / p99 ms',
  'CPU µs: servers / load',
]
