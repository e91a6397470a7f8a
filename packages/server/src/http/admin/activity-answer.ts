import type { ActivityPage, ActivityQuery } from '#authority'
import { endReasons, type Instant, toSeconds } from '#domain'

/** An administrator may give any reason; so many of those are told apart, the rest is `other`. */
const ownReasonsMax = 20
const known: ReadonlySet<string> = new Set(Object.values(endReasons))

/** So that no chart has more than 200 steps. */
export function stepMinutesOf(minutes: number): number {
  if (minutes <= 60) return 1
  return minutes <= 1440 ? 10 : 60
}

interface Step {
  readonly at: number
  started: number
  refreshed: number
  ended: number
  /** No record: a reason may be called `constructor`. */
  readonly reasons: Map<string, number>
}

/** Every step, also those in which nothing happened. */
export function activityJson(
  { from, counts }: ActivityPage,
  { stepMinutes, steps }: ActivityQuery,
) {
  const stepSeconds = stepMinutes * 60
  const begin = toSeconds(from)
  const items = Array.from(
    { length: steps },
    (_, step): Step => ({
      ...{ at: begin + step * stepSeconds, started: 0, refreshed: 0, ended: 0 },
      reasons: new Map(),
    }),
  )
  const named = namedReasons(counts)
  for (const { at, kind, detail, count } of counts) {
    const item = items[stepOf(at, begin, stepSeconds)]
    if (item === undefined) continue
    item[kind] += count
    if (kind !== 'ended') continue
    const reason = named.has(detail) ? detail : 'other'
    item.reasons.set(reason, (item.reasons.get(reason) ?? 0) + count)
  }
  return { from: begin, step_seconds: stepSeconds, items: items.map(stepJson) }
}

function stepJson({ reasons, ...counts }: Step) {
  return { ...counts, reasons: Object.fromEntries(reasons) }
}

function stepOf(at: Instant, begin: number, stepSeconds: number): number {
  return Math.floor((toSeconds(at) - begin) / stepSeconds)
}

/** Curfew's own, and the most frequent of the others. */
function namedReasons(counts: ActivityPage['counts']): ReadonlySet<string> {
  const others = new Map<string, number>()
  for (const { kind, detail, count } of counts) {
    if (kind !== 'ended' || known.has(detail)) continue
    others.set(detail, (others.get(detail) ?? 0) + count)
  }
  const frequent = [...others].toSorted(([, a], [, b]) => b - a).slice(0, ownReasonsMax)
  return new Set([...known, ...frequent.map(([detail]) => detail)])
}
