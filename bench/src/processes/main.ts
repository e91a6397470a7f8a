/*
 * `node bench/src/processes/main.ts [SECONDS]`: how checks, refreshes and logouts grow with 1, 2 and 4
 * processes (`server.workers`), and what the feed costs with 10, 100 and 1,000 pollers.
 */
import { availableParallelism } from 'node:os'
import { describeMachine } from '../report/machine.ts'
import { renderReport } from '../report/print.ts'
import { Stage } from '../stage.ts'
import { measurePolling } from './polling.ts'
import { measureScaling } from './scaling.ts'

const secondsDefault = 120
/** Of the time; the rest goes to the pollers. */
const scalingShare = 0.75

async function run(seconds: number): Promise<void> {
  const stage = await Stage.open()
  try {
    const lines = describeMachine(stage.folder)
    const cores = `servers, load and database share ${availableParallelism()} cores`
    console.log([...lines, cores].join('\n'))
    const scaling = await measureScaling(stage.gateway, seconds * scalingShare)
    const polling = await measurePolling(stage.gateway, seconds * (1 - scalingShare))
    console.log(renderReport({ tables: [scaling, polling], goals: [] }))
  } finally {
    await stage.close()
  }
}

// The servers go with this process: their handlers of 'exit' see to it.
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))

const seconds = Number(process.argv[2] ?? secondsDefault)
if (!(seconds > 0)) throw new Error('the number of seconds is a number above 0')
await run(seconds)
