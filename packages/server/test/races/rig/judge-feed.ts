/* no-lost-end: the feed, against the ends that a history knows of. */
import type { Act, FeedPart, History, Successor } from './history.ts'
import type { Violation } from './judge.ts'
import type { Lives } from './lives.ts'

export function judgeFeed(feed: FeedPart, lives: Lives, history: History): readonly Violation[] {
  const counts = new Map<string, number>()
  for (const { sid } of feed.entries) counts.set(sid, (counts.get(sid) ?? 0) + 1)
  const found = [
    ...judgeNumbers(feed, counts),
    ...judgeMembers(counts, lives, history),
    ...judgeEntries(feed, history.acts),
  ]
  if (feed.reader === undefined) return found
  return found.map((one) => ({ ...one, why: `${feed.reader}: ${one.why}` }))
}

function judgeNumbers(feed: FeedPart, counts: ReadonlyMap<string, number>): readonly Violation[] {
  const violations: Violation[] = []
  if (feed.headSeq - feed.afterSeq !== feed.entries.length) {
    const why = `${feed.entries.length} entries between ${feed.afterSeq} and ${feed.headSeq}`
    violations.push({ kind: 'feed-gap', about: '', why })
  }
  if ((feed.resets ?? 0) > 0) {
    const why = `a reader was told to begin again ${feed.resets} times, and nothing was restored`
    violations.push({ kind: 'feed-reset', about: '', why })
  }
  for (const [sid, count] of counts) {
    if (count > 1)
      violations.push({ kind: 'feed-twice', about: sid, why: `${count} times: ${sid}` })
  }
  return violations
}

function judgeMembers(
  counts: ReadonlyMap<string, number>,
  lives: Lives,
  { acts, elders }: History,
): readonly Violation[] {
  const violations: Violation[] = []
  for (const { sid, deadAt, mayEndAt } of lives.bySid.values()) {
    const listed = counts.has(sid)
    if (deadAt < Infinity && !listed) {
      violations.push({ kind: 'feed-lost', about: sid, why: `not in the feed: ${sid}` })
    }
    if (listed && mayEndAt === Infinity) {
      violations.push({ kind: 'feed-spurious', about: sid, why: `nothing could have ended ${sid}` })
    }
  }
  // An end of a session that nobody was told of is possible only where a sign-in got no answer.
  const unknownStarts = acts.filter(
    (act) => act.kind === 'start' && act.verdict === 'unknown',
  ).length
  const strangers = [...counts.keys()].filter((sid) => !lives.bySid.has(sid) && !elders.has(sid))
  if (strangers.length > unknownStarts) {
    const why = `${strangers.length} ends of sessions that were never started here`
    violations.push({ kind: 'feed-spurious', about: strangers[0] ?? '', why })
  }
  return violations
}

type Handed = { readonly sid: string; readonly presented: string; readonly token: Successor }

/** An entry outlasts every token of its session, and names none that another one had replaced. */
function judgeEntries(feed: FeedPart, acts: readonly Act[]): readonly Violation[] {
  const handed = acts.flatMap(handedBy)
  const replaced = new Set(handed.map(({ presented }) => presented))
  const bySid = Map.groupBy(handed, ({ sid }) => sid)
  return feed.entries.flatMap((entry): readonly Violation[] => {
    const tokens = (bySid.get(entry.sid) ?? []).map(({ token }) => token)
    const about = entry.sid
    const longer = tokens.filter(({ exp }) => exp > entry.exp)
    const old = tokens.filter(
      ({ jti, refreshToken }) => jti === entry.jti && replaced.has(refreshToken),
    )
    return [
      ...longer.map(({ jti, exp }) => {
        const why = `the entry ends at ${entry.exp}, token ${jti} at ${exp}`
        return { kind: 'feed-short' as const, about, why }
      }),
      ...old.map(({ jti }) => ({ kind: 'feed-old-token' as const, about, why: `names ${jti}` })),
    ]
  })
}

function handedBy(act: Act): readonly Handed[] {
  if (act.kind === 'refresh' && act.successor !== undefined) {
    return [{ sid: act.sid, presented: act.presented, token: act.successor }]
  }
  if (act.kind === 'start' && act.sid !== undefined && act.tokens !== undefined) {
    return [{ sid: act.sid, presented: 'a sign-in', token: act.tokens }]
  }
  return []
}
