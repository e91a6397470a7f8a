/*
 * `node bench/src/verifier/main.ts [SECONDS]`: what a call of @curfew/verifier costs, and how long an end
 * takes to arrive. All contestants run in one process, window by window.
 */
import { interleave, type Results, seriesOf } from '../measure/interleave.ts'
import type { Series } from '../measure/series.ts'
import { describeMachine } from '../report/machine.ts'
import { renderReport } from '../report/print.ts'
import type { Goal, Table } from '../report/report.ts'
import { microseconds, type Row, ratio } from '../report/table.ts'
import { cachedNames, coldNames, denylistNames, openScene } from './contestants.ts'
import { measureReach } from './reach.ts'

const rounds = 12
const secondsDefault = 60

async function run(seconds: number): Promise<void> {
  console.log(describeMachine(import.meta.dirname).join('\n'))
  const scene = await openScene()
  const windowMs = (seconds * 1000) / (scene.contestants.length * (rounds + 1))
  const results = await interleave(scene.contestants, { rounds, windowMs, warmUpMs: windowMs })
  await scene.close()
  const tables = [callTable(results), await reachTable()]
  console.log(renderReport({ tables, goals: goalsOf(results) }))
  console.log(`\na denylist of 1,000,000 takes ${(scene.denylistBytes / 1e6).toFixed(1)} MB`)
}

function callTable(results: Results): Table {
  return {
    title: 'One call of the verifier, every token a fresh string',
    head: ['what', 'µs median (min-max)', 'rate against the first'],
    rows: [
      ...against(
        results,
        cachedNames.floor,
        Object.values(cachedNames).filter((name) => name !== cachedNames.floor),
      ),
      ...against(results, coldNames.floor, [coldNames.curfew, coldNames.jose]),
      ...against(results, denylistNames.floor, [denylistNames.has]),
    ],
  }
}

function against(results: Results, limit: string, others: readonly string[]): readonly Row[] {
  const floor = seriesOf(results, limit)
  return [
    [limit, costOf(floor), '1'],
    ...others.map((name): Row => {
      const series = seriesOf(results, name)
      return [name, costOf(series), ratio(series.ratioTo(floor))]
    }),
  ]
}

function costOf({ perSecond: { median, min, max } }: Series): string {
  return microseconds({ median: 1e6 / median, min: 1e6 / max, max: 1e6 / min })
}

async function reachTable(): Promise<Table> {
  const rows = (await measureReach()).map(({ channel, count, p50Ms, p99Ms, maxMs }): Row => {
    return [channel, String(count), p50Ms.toFixed(1), p99Ms.toFixed(1), maxMs.toFixed(1)]
  })
  const head = ['channel', 'logouts', 'p50 ms', 'p99 ms', 'max ms']
  return { title: 'From the answer of POST /logout to the abort in another process', head, rows }
}

function goalsOf(results: Results): readonly Goal[] {
  const peek = seriesOf(results, cachedNames.peek)
  const against = (name: string): number => peek.ratioTo(seriesOf(results, name)).median
  const secondsOf = (name: string): number => 1 / seriesOf(results, name).perSecond.median
  return [
    { what: 'peek against Map.get', atLeast: 1, measured: against(cachedNames.floor) },
    {
      what: 'peek against fast-jwt with its cache',
      atLeast: 4,
      measured: against(cachedNames.fastJwt),
    },
    {
      what: 'look-ups of the denylist in a second (150 ns each)',
      atLeast: 1e9 / 150,
      measured: 1 / (secondsOf(denylistNames.has) - secondsOf(denylistNames.floor)),
    },
  ]
}

try {
  await run(Number(process.argv[2] ?? secondsDefault))
} catch (error) {
  console.error(error)
  process.exitCode = 1
}
