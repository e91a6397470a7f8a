/* The refresh burst, for Curfew on one to three processes and for the peers. */
import type { ScriptableProvider } from '../../../packages/server/test/oidc/scriptable-provider.ts'
import type { Goal, Report, Table } from '../report/report.ts'
import type { Row } from '../report/table.ts'
import { type Burst, type BurstTarget, burst, rehearse, tokenLatencyMs } from './burst.ts'
import type { CurfewGate } from './curfew-gate.ts'
import type { Peer } from './gatekeeper.ts'

export const burstCounts = [50, 200] as const
/** How much longer than the provider the slowest answer may take. */
const slackMs = 50

export interface BurstScene {
  readonly provider: ScriptableProvider
  /** Processes on one store. */
  readonly curfews: readonly CurfewGate[]
  readonly peers: readonly Peer[]
}

interface Measured {
  readonly who: string
  readonly count: number
  readonly burst: Burst
  readonly own: boolean
}

export async function measureBursts(scene: BurstScene): Promise<Report> {
  const { provider } = scene
  const measured: Measured[] = []
  for (const { targets, signIn } of castOf(scene)) {
    await rehearse({ provider, targets, signIn, count: burstCounts[0] })
  }
  for (const count of burstCounts) {
    for (const { who, own, targets, signIn } of castOf(scene)) {
      const result = await burst({ provider, count, targets, signIn })
      measured.push({ who, own, count, burst: result })
    }
  }
  return { tables: [tableOf(measured)], goals: goalsOf(measured.filter(({ own }) => own)) }
}

interface Role {
  readonly who: string
  readonly own: boolean
  readonly targets: readonly BurstTarget[]
  readonly signIn: () => Promise<ReadonlyMap<string, string>>
}

function castOf({ curfews, peers }: BurstScene): readonly Role[] {
  const [first] = curfews
  if (first === undefined) throw new Error('a burst needs a process of Curfew')
  const own = curfews.map((_, index): Role => {
    const processes = index === 0 ? '1 process' : `${index + 1} processes`
    const targets = curfews.slice(0, index + 1).map(targetOf)
    return { who: `Curfew, ${processes}`, own: true, targets, signIn: first.signIn }
  })
  const others = peers.map(({ guarded, asking, signIn }): Role => {
    const targets = [{ port: guarded.port, asking }]
    return { who: guarded.name, own: false, targets, signIn }
  })
  return [...own, ...others]
}

function targetOf({ gatekeeper, asking }: CurfewGate): BurstTarget {
  return { port: gatekeeper.port, asking }
}

function tableOf(measured: readonly Measured[]): Table {
  const rows = measured.map(({ who, count, burst: { statuses, ...rest } }): Row => {
    const others = [...statuses].filter(([status]) => status !== 200)
    return [
      who,
      String(count),
      String(rest.grants),
      String(statuses.get(200) ?? 0),
      others.map(([status, times]) => `${times} × ${status}`).join(', '),
      rest.slowestMs.toFixed(0),
      `${rest.next}, ${rest.later}`,
    ]
  })
  return { title: `Refresh burst: the provider takes ${tokenLatencyMs} ms`, head, rows }
}

const head: Row = [
  'who',
  'requests at once',
  'grants sent',
  'answered 200',
  'others',
  'slowest ms',
  'next request, next expiry',
]

/** Of the worst of all numbers of processes. */
function goalsOf(own: readonly Measured[]): readonly Goal[] {
  return burstCounts.flatMap((count): Goal[] => {
    const bursts = own.filter((one) => one.count === count).map((one) => one.burst)
    const what = `${count} requests at expiry, worst of ${bursts.length} runs`
    const most = (figure: (one: Burst) => number) => Math.max(...bursts.map(figure))
    const fewest = (figure: (one: Burst) => number) => Math.min(...bursts.map(figure))
    const ok = ({ statuses }: Burst) => statuses.get(200) ?? 0
    const still = ({ next, later }: Burst) => (next === 200 && later === 200 ? 1 : 0)
    return [
      { what: `${what}: grants sent`, atMost: 1, measured: most(({ grants }) => grants) },
      { what: `${what}: answered 200`, atLeast: count, measured: fewest(ok) },
      { what: `${what}: signed in after the next expiry`, atLeast: 1, measured: fewest(still) },
      {
        what: `${what}: slowest answer in ms`,
        atMost: tokenLatencyMs + slackMs,
        measured: most(({ slowestMs }) => slowestMs),
      },
    ]
  })
}
