import { type Act, type Contestant, callersWindow, counted } from '../measure/contestant.ts'
import type { StoreActs } from './acts.ts'
import type { Engine } from './engine.ts'

export const fewCallers = [1, 16] as const
export const endCallers = [1, 16, 64] as const

export const contestantsPerEngine = fewCallers.length * 5 + endCallers.length * 2

/** Ends per second that a window is stocked for; one that runs dry just ends early. */
const stockedEndsPerSecond: Readonly<Record<(typeof endCallers)[number], number>> = {
  1: 5000,
  16: 15_000,
  64: 30_000,
}

export function nameOf(kind: string, act: string, callers: number): string {
  return `${kind} ${act} ${callers}`
}

/** Beside every act of the store the raw statement, in the next window. */
export function storeContestants(acts: StoreActs): readonly Contestant[] {
  const { engine } = acts
  return [
    ...fewCallers.flatMap((callers) => [
      timed(engine, 'start', callers, acts.start),
      timed(engine, 'raw insert', callers, acts.rawInsert),
      timed(engine, 'refresh, read and swap', callers, acts.readAndSwap),
      timed(engine, 'refresh, cached swap', callers, acts.cachedSwap),
      timed(engine, 'raw update', callers, acts.rawUpdate),
    ]),
    ...endCallers.flatMap((callers) => [
      stocked(acts, callers, timed(engine, 'end', callers, acts.end)),
      stocked(acts, callers, timed(engine, 'raw revoke', callers, acts.rawRevoke)),
    ]),
  ]
}

function timed(engine: Engine, act: string, callers: number, one: Act): Contestant {
  const name = nameOf(engine.kind, act, callers)
  const pids = () => ({ node: [process.pid], database: engine.databasePids() })
  const window = (windowMs: number) => counted(() => callersWindow(callers, one, windowMs), pids)
  return { name, window }
}

function stocked(
  acts: StoreActs,
  callers: (typeof endCallers)[number],
  contestant: Contestant,
): Contestant {
  return { ...contestant, before: (windowMs) => acts.stock(stockOf(callers, windowMs)) }
}

/** How many sessions so many callers may end in a window. */
export function stockOf(callers: (typeof endCallers)[number], windowMs: number): number {
  return Math.ceil((stockedEndsPerSecond[callers] * windowMs) / 1000)
}
