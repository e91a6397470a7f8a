/*
 * `node bench/src/replicas/main.ts [SECONDS]`: what a second replica costs and how soon it knows. Checks of
 * sessions that it has never seen, ends that happened elsewhere, and stores with a million live sessions.
 */
import { describeMachine } from '../report/machine.ts'
import { renderReport } from '../report/print.ts'
import type { Report } from '../report/report.ts'
import { Stage } from '../stage.ts'
import { measureCold } from './cold-checks.ts'
import { measureMillion } from './million.ts'
import { type Part, parseReplicaOptions, type ReplicaOptions, usage } from './options.ts'
import { measureReach } from './reach.ts'

async function run(options: ReplicaOptions): Promise<void> {
  const stage = await Stage.open()
  try {
    console.log(describeMachine(stage.folder).join('\n'))
    for (const part of options.only) {
      console.log(renderReport(await measurePart(part, stage, options)))
    }
  } finally {
    await stage.close()
  }
}

async function measurePart(part: Part, stage: Stage, options: ReplicaOptions): Promise<Report> {
  // Ends are counted, not timed.
  const timed = options.only.filter((one) => one !== 'reach').length
  const seconds = options.seconds / Math.max(timed, 1)
  switch (part) {
    case 'cold':
      return measureCold(stage.gateway, seconds)
    case 'reach':
      return measureReach(stage.gateway, options.ends)
    case 'million':
      return measureMillion(stage.gateway, { seconds, sessions: options.sessions })
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
