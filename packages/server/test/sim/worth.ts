/* A run in which little was at stake proves nothing: what a verdict must rest on. */
import type { Act, History } from '#test/races/rig/history.ts'

export type Tally = {
  readonly operations: number
  /** By what was done, and how. */
  readonly byKind: ReadonlyMap<string, number>
  readonly unanswered: number
  readonly ends: number
  readonly refreshes: number
  readonly grants: number
  /** Tokens that were taken after something had been broken and mended. */
  readonly checksAfterFaults: number
  /** Tokens of ended sessions that were refused. */
  readonly deadRefused: number
}

export function tallyOf({ acts, grants, troubles }: History): Tally {
  const mended = Math.min(...troubles.map(({ till }) => till))
  const count = (holds: (act: Act) => boolean): number => acts.filter(holds).length
  const byKind = new Map<string, number>()
  for (const act of acts) byKind.set(nameOf(act), (byKind.get(nameOf(act)) ?? 0) + 1)
  return {
    operations: acts.length,
    byKind,
    unanswered: count(({ verdict }) => verdict === 'unknown'),
    ends: count((act) => isEnd(act) && act.verdict === 'accepted'),
    refreshes: count(({ kind, verdict }) => kind === 'refresh' && verdict === 'accepted'),
    grants: grants.length,
    checksAfterFaults: count(
      ({ kind, verdict, from }) => kind === 'use' && verdict === 'accepted' && from > mended,
    ),
    deadRefused: count(({ kind, verdict }) => kind === 'use' && verdict === 'ended'),
  }
}

export function sumOf(tallies: readonly Tally[]): Tally {
  const byKind = new Map<string, number>()
  const sums = { operations: 0, unanswered: 0, ends: 0, refreshes: 0 }
  const more = { grants: 0, checksAfterFaults: 0, deadRefused: 0 }
  const total = { ...sums, ...more }
  for (const tally of tallies) {
    for (const [kind, count] of tally.byKind) byKind.set(kind, (byKind.get(kind) ?? 0) + count)
    for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += tally[name]
  }
  return { ...total, byKind }
}

/** Of so many operations there must be so many of each; what is missing, in words. */
export function shortcomings(tally: Tally, faults: number): readonly string[] {
  const { operations } = tally
  const least = {
    ends: operations / 40,
    refreshes: operations / 20,
    grants: operations / 400,
    deadRefused: operations / 40,
    ...(faults === 0
      ? {}
      : { unanswered: 3 * Math.min(faults, 10), checksAfterFaults: operations / 20 }),
  }
  return Object.entries(least).flatMap(([name, due]) => {
    const count = tally[name as keyof typeof least]
    return count >= due ? [] : [`only ${count} ${name} in ${operations} operations`]
  })
}

function nameOf(act: Act): string {
  return 'how' in act ? `${act.kind} ${act.how.replace(/ of .*/, '')}` : act.kind
}

function isEnd({ kind }: Act): boolean {
  return kind === 'end' || kind === 'end-all'
}
