import type { Contestant } from './contestant.ts'
import { Series } from './series.ts'

export interface Plan {
  readonly rounds: number
  readonly windowMs: number
  /** Each contestant runs once so long before the first round; that window is thrown away. */
  readonly warmUpMs: number
}

export type Results = ReadonlyMap<string, Series>

/**
 * A B C, A B C, …: every contestant has one window in each round, so that what comes and goes on the
 * machine meets all of them. Compare within a round (`Series.ratioTo`), not across runs.
 */
export async function interleave(contestants: readonly Contestant[], plan: Plan): Promise<Results> {
  for (const contestant of contestants) await windowOf(contestant, plan.warmUpMs)
  const results = new Map(contestants.map(({ name }) => [name, new Series(name)]))
  for (let round = 0; round < plan.rounds; round++) {
    for (const contestant of contestants) {
      const window = await windowOf(contestant, plan.windowMs)
      results.get(contestant.name)?.windows.push(window)
    }
    progress('.')
  }
  progress('\n')
  return results
}

async function windowOf(contestant: Contestant, windowMs: number) {
  try {
    await contestant.before?.(windowMs)
    return await contestant.window(windowMs)
  } catch (error) {
    throw new Error(`${contestant.name} could not be measured`, { cause: error })
  }
}

/** @throws Error when the name was never measured: a table that asks for it is wrong */
export function seriesOf(results: Results, name: string): Series {
  const series = results.get(name)
  if (series === undefined) throw new Error(`nothing was measured under the name '${name}'`)
  return series
}

/** Says on a terminal that something is happening. */
export function progress(text: string): void {
  process.stderr.write(text)
}
