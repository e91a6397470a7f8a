/*
 * `npm run bench`: what Curfew does per second beside what the machine under it could do, measured in
 * the same run, window by window. README.md says what each figure means.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Options, type Part, parseOptions, usage } from './arguments.ts'
import { checkContestants } from './gateway/checks.ts'
import { measureGateway } from './gateway/gateway-part.ts'
import { profileChecks } from './gateway/profile-checks.ts'
import { contestantsPerServer } from './http/http-contestants.ts'
import { measureHttp } from './http/http-part.ts'
import { type ProfileOrder, profileTables } from './http/profile.ts'
import type { Window } from './measure/contestant.ts'
import type { Plan } from './measure/interleave.ts'
import { StealMeter } from './measure/processor-time.ts'
import { describeMachine } from './report/machine.ts'
import { renderReport } from './report/print.ts'
import type { Report } from './report/report.ts'
import { Stage } from './stage.ts'
import type { StoreActs } from './store/acts.ts'
import { contestantsPerEngine } from './store/contestants.ts'
import { engineKinds } from './store/engine.ts'
import { measureStore } from './store/store-part.ts'
import { measureTokens, tokenContestants } from './tokens/tokens-part.ts'

/** Operations of microseconds need less time than transactions do. */
const tokenWindowShare = 0.25
const warmUpShare = 0.3
/** A server compiles its hot code in the first thousands of requests: what is measured comes after. */
const httpWarmUpMs = 1200
const httpWindowShare = 1.5
/** 128 connections to a peer of a thousand answers a second need that. */
const gatewayWindowShare = 4
const profileSeconds = 10
const profileWarmUpSeconds = 3

async function run(options: Options): Promise<void> {
  const stage = await Stage.open()
  try {
    const report = options.profile ? await profile(stage, options) : await measure(stage, options)
    print(renderReport(report))
  } finally {
    await stage.close()
  }
}

async function measure(stage: Stage, options: Options): Promise<Report> {
  const plan = planOf(options)
  const steal = new StealMeter()
  const lines = [...describeMachine(stage.folder), methodOf(plan)]
  const wantsStore = options.only.some((part) => part === 'store' || part === 'http')
  const stores: StoreActs[] = []
  if (wantsStore) for (const kind of engineKinds) stores.push(await stage.store(kind))
  print([...lines, ...stores.map(({ engine }) => engine.description)].join('\n'))
  const reports: Report[] = []
  for (const part of options.only) {
    const report = await measurePart(part, { stage, stores, plan })
    print(renderReport({ ...report, goals: [] }))
    reports.push(report)
  }
  const stolen = steal.percent()
  print(`\n${stolen === undefined ? '' : `taken by the host meanwhile: ${stolen.toFixed(1)} %`}\n`)
  return { tables: [], goals: joined(reports).goals }
}

interface Scene {
  readonly stage: Stage
  readonly stores: readonly StoreActs[]
  readonly plan: Plan
}

async function measurePart(part: Part, { stage, stores, plan }: Scene): Promise<Report> {
  switch (part) {
    case 'store':
      return inTurn(stores, (store) => measureStore(store, plan))
    case 'http': {
      const floor = await stage.floor()
      const longer = { ...plan, windowMs: plan.windowMs * httpWindowShare, warmUpMs: httpWarmUpMs }
      return inTurn(stores, async (store) => measureHttp(await stage.served(store), floor, longer))
    }
    case 'tokens':
      return measureTokens({ ...plan, windowMs: plan.windowMs * tokenWindowShare })
    case 'gateway': {
      const longer = {
        ...plan,
        windowMs: plan.windowMs * gatewayWindowShare,
        warmUpMs: httpWarmUpMs,
      }
      return measureGateway(stage.gateway, longer)
    }
    default:
      return part satisfies never
  }
}

/** One store after the other: what is compared stands close together in time. */
async function inTurn(
  stores: readonly StoreActs[],
  act: (store: StoreActs) => Promise<Report>,
): Promise<Report> {
  const reports: Report[] = []
  for (const store of stores) reports.push(await act(store))
  return joined(reports)
}

/** The time is cut evenly: a window is as long as all of them fit into it, rounds times. */
function planOf({ only, seconds, rounds }: Options): Plan {
  const weights: Readonly<Record<Part, number>> = {
    store: contestantsPerEngine * engineKinds.length,
    http: contestantsPerServer * engineKinds.length * httpWindowShare,
    tokens: tokenContestants * tokenWindowShare,
    gateway: checkContestants * gatewayWindowShare,
  }
  const windows = only.reduce((sum, part) => sum + weights[part], 0) * (rounds + warmUpShare)
  const windowMs = (seconds * 1000) / windows
  return { rounds, windowMs, warmUpMs: windowMs * warmUpShare }
}

function methodOf({ rounds, windowMs }: Plan): string {
  return (
    `method: ${rounds} rounds of interleaved windows of ${Math.round(windowMs)} ms (A B C, A B C, …), ` +
    'medians over the rounds (minimum-maximum); ratios are taken within a round; ' +
    'server, load and database share all cores'
  )
}

function joined(reports: readonly Report[]): Report {
  return {
    tables: reports.flatMap(({ tables }) => tables),
    goals: reports.flatMap(({ goals }) => goals),
  }
}

async function profile(stage: Stage, options: Options): Promise<Report> {
  const folder = join(stage.folder, 'profile')
  mkdirSync(folder)
  const order = {
    ...{ nodeOptions: ['--cpu-prof', `--cpu-prof-dir=${folder}`] },
    ...{ seconds: Math.min(options.seconds, profileSeconds), warmUpSeconds: profileWarmUpSeconds },
  }
  const checks = options.only.every((part) => part === 'gateway')
  const { acts, seconds } = checks
    ? await profileChecks(stage.gateway, order)
    : await profileRefreshes(stage, order)
  const what = checks ? 'checks' : 'refreshes'
  print(`${Math.round(acts / seconds)} ${what} per second under the profiler\n`)
  return { tables: profileTables(folder, order.seconds), goals: [] }
}

async function profileRefreshes(stage: Stage, order: ProfileOrder): Promise<Window> {
  const store = await stage.store('postgres')
  const { server, load } = await stage.served(store, order.nodeOptions)
  await load.window('refresh', 16, order.warmUpSeconds * 1000)
  const window = await load.window('refresh', 16, order.seconds * 1000)
  await server.stop()
  return window
}

function print(text: string): void {
  console.log(text)
}

// The servers go with this process: their handlers of 'exit' see to it.
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))

try {
  await run(parseOptions(process.argv.slice(2)))
} catch (error) {
  console.error(error)
  console.error(usage)
  process.exitCode = 1
}
