/*
 * The long run: rounds over one town until so many operations were done under faults, with a line for each
 * and a verdict in the end. `--seed` and `--operations` of one round repeat that round alone.
 */
import { readWishes, type Wishes } from './arguments.ts'
import { patchedProgram } from './plants.ts'
import { type RoundReport, Watch } from './round.ts'
import { openTown } from './town.ts'
import { shortcomings, sumOf } from './worth.ts'

process.exitCode = await simulate(readWishes(process.argv.slice(2)))

async function simulate(wishes: Wishes): Promise<number> {
  const { seed, operations, roundOperations, faultEvery, people, plant } = wishes
  say(`seed ${seed}, ${operations} operations, a fault in every ${faultEvery}, ${people} people`)
  const patched = plant === undefined ? undefined : patchedProgram(plant)
  const program = patched?.program
  const town = await openTown(
    program === undefined ? {} : { programs: { 0: program, 1: program, 2: program } },
  )
  const watch = await Watch.over(town)
  const reports: RoundReport[] = []
  try {
    for (
      let done = 0;
      done < operations;
      done = sumOf(reports.map(({ tally }) => tally)).operations
    ) {
      const order = { operations: Math.min(roundOperations, operations - done), faultEvery, people }
      const report = await watch.round({ ...order, seed: seed + reports.length })
      reports.push(report)
      say(lineOf(reports.length, report))
      if (report.accusation !== '') {
        say(report.accusation)
        say(
          report.faults
            .map(({ kind, at, replica, forMs }) => `${at} ${kind} ${'abc'[replica]} ${forMs} ms`)
            .join('; '),
        )
        say(
          `again: npm run sim -- --seed ${report.seed} --operations ${order.operations} --fault-every ${faultEvery} --people ${people}`,
        )
        return 1
      }
    }
    return verdict(reports, await watch.readable())
  } finally {
    await watch.close()
    await town.close()
    patched?.remove()
  }
}

function verdict(
  reports: readonly RoundReport[],
  readable: Awaited<ReturnType<Watch['readable']>>,
): number {
  const total = sumOf(reports.map(({ tally }) => tally))
  const faults = reports.flatMap((report) => report.faults)
  const seconds = reports.reduce((sum, { tookMs }) => sum + tookMs, 0) / 1000
  say('')
  for (const [kind, count] of [...total.byKind].toSorted())
    say(`  ${String(count).padStart(8)}  ${kind}`)
  const byKind = Map.groupBy(faults, ({ kind }) => kind)
  for (const [kind, ofOne] of [...byKind].toSorted())
    say(`  ${String(ofOne.length).padStart(8)}  fault: ${kind}`)
  const missing = shortcomings(total, faults.length)
  for (const { why } of readable.found) say(`readable: ${why}`)
  for (const one of missing) say(`proves little: ${one}`)
  const rate = (total.operations / seconds).toFixed(0)
  say(
    `${total.operations} operations, ${rate} a second; ${faults.length} faults; ${total.unanswered} unanswered, ${total.ends} ends, ${total.refreshes} refreshes, ${total.grants} grants at the provider`,
  )
  say(`${readable.looked} tokens were looked for in the database, Redis, logs and metrics`)
  const sound = readable.found.length === 0 && missing.length === 0
  say(sound ? '0 violations' : 'NOT SOUND')
  return sound ? 0 : 1
}

function lineOf(number: number, { seed, tally, faults, violations, tookMs }: RoundReport): string {
  const rate = (tally.operations / (tookMs / 1000)).toFixed(0)
  return `round ${number} (seed ${seed}): ${tally.operations} operations, ${rate} a second, ${faults.length} faults, ${tally.unanswered} unanswered, ${tally.ends} ends, ${tally.deadRefused} dead refused, ${violations.length} violations`
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
