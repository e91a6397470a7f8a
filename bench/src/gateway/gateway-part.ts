/* The gateway: checks beside the limit and the peers, bursts of refreshes, memory of sessions. */
import { join } from 'node:path'
import {
  type ScriptableProvider,
  startScriptableProvider,
} from '../../../packages/server/test/oidc/scriptable-provider.ts'
import { canPin, pin } from '../measure/core.ts'
import { interleave, type Plan } from '../measure/interleave.ts'
import type { Report } from '../report/report.ts'
import { AskerClient } from './asker-client.ts'
import { type BurstScene, measureBursts } from './bursts.ts'
import { checkGoals, checksTable, contestantsOf, fewConnections, type Lineup } from './checks.ts'
import { type CurfewGate, newSecret, startCurfewGate } from './curfew-gate.ts'
import {
  type Gatekeeper,
  startApacheGatekeepers,
  startBareLike,
  startExpressGatekeepers,
} from './gatekeeper.ts'
import { measureMemory } from './memory.ts'

export interface GatewayPlace {
  readonly folder: string
  readonly database: () => Promise<string>
  /** What is called when everything is over, the last first. */
  readonly closing: (close: () => Promise<void> | void) => void
}

const burstProcesses = 3

export async function measureGateway(place: GatewayPlace, plan: Plan): Promise<Report> {
  const provider = await signInProvider(place)
  const apache = await startApacheGatekeepers(provider)
  place.closing(() => apache.stop())
  const express = await startExpressGatekeepers(provider)
  place.closing(() => express.stop())
  const peers = [apache, express]
  const checks = await measureChecks(await lineUp(place, provider, peers), place, plan)
  const curfews = await curfewsOnPostgres(place, provider)
  const bursts = await measureBursts({ provider, curfews, peers })
  const memory = await measureMemory(provider, place.folder)
  return {
    tables: [...checks.tables, ...bursts.tables, ...memory.tables],
    goals: [...checks.goals, ...bursts.goals],
  }
}

/** Its tokens outlive the run, but for the bursts. */
export async function signInProvider(place: GatewayPlace): Promise<ScriptableProvider> {
  const provider = await startScriptableProvider()
  place.closing(() => provider.close())
  provider.accessSeconds = 3600
  provider.claims = {
    ...{ email: 'alice@example.com', email_verified: true, name: 'Alice Example' },
    roles: ['pilot', 'crew'],
  }
  return provider
}

async function lineUp(
  place: GatewayPlace,
  provider: ScriptableProvider,
  peers: BurstScene['peers'],
): Promise<Lineup> {
  const store = `sqlite:${join(place.folder, 'gateway.db')}`
  const { server, gatekeeper } = await startCurfewGate({ provider, store, folder: place.folder })
  place.closing(() => server.stop())
  const bare = await startBareLike(gatekeeper)
  place.closing(() => bare.stop())
  return {
    curfew: gatekeeper,
    bare: bare.gatekeeper,
    peers: peers.map(({ guarded }) => guarded),
    unguarded: peers.map(({ open }) => open),
  }
}

async function measureChecks(lineup: Lineup, place: GatewayPlace, plan: Plan): Promise<Report> {
  const asker = AskerClient.start()
  place.closing(() => asker.stop())
  const { curfew, bare, peers, unguarded } = lineup
  await assertSameAnswer(asker, curfew, bare)
  const apart = canPin()
  const pids = [curfew, bare, ...peers].flatMap((one) => one.pids())
  if (apart) {
    pin(pids, 'first')
    pin([asker.pid], 'others')
  }
  for (const one of [curfew, bare, ...peers, ...unguarded]) await warmUp(asker, one)
  const results = await interleave(contestantsOf(lineup, asker), plan)
  // What comes after the checks has all cores.
  if (apart) pin(pids, 'all')
  return { tables: [checksTable(results, lineup, apart)], goals: checkGoals(results, lineup) }
}

/** Engines compile what has run often enough, whatever the time that took: so many answers, or so long. */
const warmUpAnswers = 20_000
const warmUpWindowMs = 500
const warmUpWindowsMax = 20

export async function warmUp(asker: AskerClient, { port, request }: Gatekeeper): Promise<void> {
  const order = { port, request, connections: fewConnections, windowMs: warmUpWindowMs }
  let answers = 0
  for (let at = 0; at < warmUpWindowsMax && answers < warmUpAnswers; at++) {
    const { window } = await asker.ask(order)
    answers += window.allActs
  }
}

/** What is compared has to be the same: the limit writes as many bytes as Curfew does. */
export async function assertSameAnswer(asker: AskerClient, one: Gatekeeper, other: Gatekeeper) {
  const bytes = async ({ port, request }: Gatekeeper) => {
    const { answerBytes } = await asker.ask({ port, request, connections: 1, windowMs: 50 })
    return answerBytes
  }
  const [a, b] = [await bytes(one), await bytes(other)]
  if (a !== b) throw new Error(`${one.name} answers ${a} bytes, ${other.name} ${b}`)
}

async function curfewsOnPostgres(
  place: GatewayPlace,
  provider: ScriptableProvider,
): Promise<readonly CurfewGate[]> {
  const store = await place.database()
  const secrets = [newSecret()]
  const gates: CurfewGate[] = []
  for (let index = 0; index < burstProcesses; index++) {
    const gate = await startCurfewGate({ provider, store, secrets, folder: place.folder })
    place.closing(() => gate.server.stop())
    gates.push(gate)
  }
  return gates
}
