/*
 * `node bench/src/replicas/main.ts [SECONDS]`: what a second replica costs and how soon it knows. Checks of
 * sessions that it has never seen, ends that happened elsewhere, and stores with a million live sessions.
 */
import type { GatewayPlace } from '../gateway/gateway-part.ts'
import { describeMachine } from '../report/machine.ts'
import { renderReport } from '../report/print.ts'
import type { Report } from '../report/report.ts'
import { Stage } from '../stage.ts'
import { measureCold } from './cold-checks.ts'
import { during } from './during.ts'
import { measureMillion } from './million.ts'
import { type Part, parseReplicaOptions, type ReplicaOptions, usage } from './options.ts'
import { measureReach } from './reach.ts'

async function run(options: ReplicaOptions): Promise<void> {
  const stage = await Stage.open()
  try {
    console.log(describeMachine(stage.folder).join('\n'))
    for (const part of options.only) {
      const measure = (place: GatewayPlace) => measurePart(part, place, options)
      console.log(renderReport(await during(stage.gateway, measure)))
    }
  } finally {
    await stage.close()
  }
}

async function measurePart(
  part: Part,
  place: GatewayPlace,
  options: ReplicaOptions,
): Promise<Report> {
  // Ends are counted, not timed.
  const timed = options.only.filter((one) => one !== 'reach').length
  const seconds = options.seconds / Math.max(timed, 1)
  switch (part) {
    case 'cold':
      return measureCold(place, seconds)
    case 'reach':
      return measureReach(place, options.ends)
    case 'million':
      return measureMillion(place, { seconds, sessions: options.sessions })
    default:
      return part satisfies never
  }
}

// The servers go with this process: their handlers of 'exit' see to it.
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))

try {
  await run(parseReplicaOptions(process.argv.slice(2)))
} catch (error) {
  console.error(error)
  console.error(usage)
  process.exitCode = 1
}
