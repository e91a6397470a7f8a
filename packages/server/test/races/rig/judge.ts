/*
 * Judges a history against the invariants of DESIGN.md, section 2. It knows two moments of a session:
 * `deadAt`, when its end had been acknowledged or seen by somebody, and `mayEndAt`, when the first request
 * began that could have ended it. Used after the one, or refused before the other, is a violation.
 */

import { seedOfRun } from './chance.ts'
import {
  type Act,
  type CensusAct,
  type EndAllAct,
  type FeedPart,
  type History,
  line,
  type RefreshAct,
  type StartAct,
  type Successor,
} from './history.ts'

export type Violation = {
  readonly kind:
    | 'dead-accepted'
    | 'lost-start'
    | 'two-first-ends'
    | 'two-successors'
    | 'reuse-unjustified'
    | 'single-class'
    | 'started-while-disabled'
    | 'feed-lost'
    | 'feed-twice'
    | 'feed-gap'
    | 'feed-spurious'
    | 'feed-short'
    | 'feed-old-token'
    | 'odd-answer'
  /** The sid or uid that it is about. */
  readonly about: string
  readonly why: string
}

type Life = {
  readonly sid: string
  readonly start: StartAct
  /** Infinity: nobody has been told of an end. */
  deadAt: number
  mayEndAt: number
  /** Only by later sign-ins of the same class. */
  onlyBySignIns: boolean
}

export function judge(history: History, feed?: FeedPart): readonly Violation[] {
  const lives = livesOf(history.acts)
  return [
    ...history.acts.filter((act) => act.verdict === 'odd').map(oddAnswer),
    ...history.acts.flatMap((act) => judgeUse(act, lives)),
    ...history.acts.flatMap((act) => (act.kind === 'start' ? judgeStart(act, history.acts) : [])),
    ...history.acts.flatMap((act) => (act.kind === 'census' ? judgeCensus(act, lives) : [])),
    ...firstEnds(history.acts),
    ...successors(history.acts),
    ...(feed === undefined ? [] : judgeFeed(feed, lives, history.acts)),
    ...(feed === undefined ? [] : judgeEntries(feed, history.acts)),
  ]
}

/** Throws with the seed and all that happened to those concerned. */
export function expectSound(history: History, feed?: FeedPart): void {
  const violations = judge(history, feed)
  if (violations.length === 0) return
  const shown = violations.slice(0, 5).flatMap(({ kind, about, why }) => [
    `${kind}: ${why}`,
    ...history
      .about(about)
      .slice(-30)
      .map((text) => `    ${text}`),
  ])
  const head = `${violations.length} violations in ${history.acts.length} acts, seed ${seedOfRun}`
  throw new Error([head, ...shown].join('\n'))
}

function livesOf(acts: readonly Act[]): ReadonlyMap<string, Life> {
  const lives = new Map<string, Life>()
  for (const act of acts) {
    if (act.kind !== 'start' || act.sid === undefined || act.joined) continue
    const fresh = { deadAt: Infinity, mayEndAt: Infinity, onlyBySignIns: true }
    lives.set(act.sid, { sid: act.sid, start: act, ...fresh })
  }
  const byUid = Map.groupBy(lives.values(), ({ start }) => start.uid)
  for (const act of acts) applyTo(act, lives, byUid)
  return lives
}

function applyTo(
  act: Act,
  lives: ReadonlyMap<string, Life>,
  byUid: ReadonlyMap<string, readonly Life[]>,
): void {
  switch (act.kind) {
    case 'end': {
      const life = lives.get(act.sid)
      if (life !== undefined) ends(life, act, act.verdict === 'accepted')
      break
    }
    case 'end-all':
      for (const life of byUid.get(act.uid) ?? []) endsAmong(life, act)
      break
    case 'start':
      for (const life of byUid.get(act.uid) ?? []) supersedes(life, act)
      break
    case 'use':
    case 'refresh': {
      const life = lives.get(act.sid)
      if (life !== undefined && act.verdict === 'ended') {
        life.deadAt = Math.min(life.deadAt, act.till)
      }
      break
    }
    default:
  }
}

function ends(life: Life, act: Act, acknowledged: boolean): void {
  // Refused: it has ended nothing.
  if (act.verdict === 'refused' || act.verdict === 'ended') return
  life.onlyBySignIns = false
  life.mayEndAt = Math.min(life.mayEndAt, act.from)
  if (acknowledged) life.deadAt = Math.min(life.deadAt, act.till)
}

/** A sign-in whose fence was captured before the end began is dead when both have been answered. */
function endsAmong(life: Life, act: EndAllAct): void {
  if (act.except === life.sid) return
  // Over before this session began. Without an answer it may be carried out whenever.
  if (act.verdict === 'accepted' && act.till < life.start.from) return
  ends(life, act, false)
  const captured = life.start.fenceTill ?? life.start.till
  if (act.verdict !== 'accepted' || captured > act.from) return
  life.deadAt = Math.min(life.deadAt, Math.max(act.till, life.start.till))
}

function supersedes(life: Life, act: StartAct): void {
  if (act.policy !== 'single' || act.device !== life.start.device || act === life.start) return
  if (act.verdict === 'refused') return
  if (act.verdict === 'accepted' && (act.joined || act.till < life.start.from)) return
  life.mayEndAt = Math.min(life.mayEndAt, act.from)
  const after = act.verdict === 'accepted' && life.start.till < act.from
  if (after) life.deadAt = Math.min(life.deadAt, act.till)
}

function judgeUse(act: Act, lives: ReadonlyMap<string, Life>): readonly Violation[] {
  if (act.kind !== 'use' && act.kind !== 'refresh' && act.kind !== 'start') return []
  const life = act.sid === undefined ? undefined : lives.get(act.sid)
  if (life === undefined) return []
  const about = life.sid
  if (act.verdict === 'accepted' && act.from > life.deadAt) {
    const why = `accepted ${ms(act.from - life.deadAt)} after its end was known: ${line(act)}`
    return [{ kind: 'dead-accepted', about, why }]
  }
  const refused = act.verdict === 'ended' || act.verdict === 'refused'
  if (act.kind !== 'start' && refused && act.till < life.mayEndAt) {
    return [{ kind: 'lost-start', about, why: `refused, and nothing had ended it: ${line(act)}` }]
  }
  if (act.kind === 'refresh' && act.reason === 'refresh_reuse') {
    return [{ kind: 'reuse-unjustified', about, why: `taken for a thief: ${line(act)}` }]
  }
  return []
}

/** No sign-in succeeds between an acknowledged disable and the next enable. */
function judgeStart(act: StartAct, acts: readonly Act[]): readonly Violation[] {
  if (act.verdict !== 'accepted') return []
  const disabled = acts.some(
    (other) =>
      other.kind === 'end-all' &&
      other.disables &&
      other.uid === act.uid &&
      other.verdict === 'accepted' &&
      other.till < act.from &&
      !acts.some(
        (one) =>
          one.kind === 'enable' &&
          one.uid === act.uid &&
          one.from < act.till &&
          one.till > other.from,
      ),
  )
  if (!disabled) return []
  return [{ kind: 'started-while-disabled', about: act.uid, why: line(act) }]
}

function judgeCensus(act: CensusAct, lives: ReadonlyMap<string, Life>): readonly Violation[] {
  if (act.verdict !== 'accepted') return []
  const own = [...lives.values()].filter(
    ({ start }) => start.uid === act.uid && start.till < act.from,
  )
  const live = new Set(act.live.map(({ sid }) => sid))
  const risen = own.filter((one) => live.has(one.sid) && one.deadAt < act.from)
  const lost = own.filter((one) => !live.has(one.sid) && act.till < one.mayEndAt)
  return [
    ...risen.map(({ sid }) => ({
      kind: 'dead-accepted' as const,
      about: sid,
      why: `listed as live: ${sid}`,
    })),
    ...lost.map(({ sid }) => ({
      kind: 'lost-start' as const,
      about: sid,
      why: `not listed: ${sid}`,
    })),
    ...crowded(act, own),
  ]
}

/** Where one alone may live, one alone does; and one does, unless something but a sign-in ended it. */
function crowded(act: CensusAct, own: readonly Life[]): readonly Violation[] {
  const classes = Map.groupBy(
    own.filter(({ start }) => start.policy !== 'multiple'),
    ({ start }) => start.device,
  )
  return [...classes].flatMap(([device, ofClass]): readonly Violation[] => {
    const count = act.live.filter((one) => one.device === device).length
    const expected = ofClass.every((one) => one.onlyBySignIns) ? 1 : 0
    if (count <= 1 && count >= expected) return []
    const why = `${count} live sessions of ${device}, which has room for one: ${line(act)}`
    return [{ kind: 'single-class', about: act.uid, why }]
  })
}

function firstEnds(acts: readonly Act[]): readonly Violation[] {
  const firsts = Map.groupBy(
    acts.filter((act) => act.kind === 'end' && act.first),
    (act) => (act.kind === 'end' ? act.sid : ''),
  )
  return [...firsts].flatMap(([sid, ofOne]): readonly Violation[] =>
    ofOne.length < 2
      ? []
      : [{ kind: 'two-first-ends', about: sid, why: `${ofOne.length} ended ${sid}` }],
  )
}

function successors(acts: readonly Act[]): readonly Violation[] {
  const refreshes = acts.filter((act): act is RefreshAct => act.kind === 'refresh')
  const byToken = Map.groupBy(refreshes, ({ presented }) => presented)
  return [...byToken.values()].flatMap((ofOne): readonly Violation[] => {
    const answers = ofOne.flatMap(({ successor }) => (successor === undefined ? [] : [successor]))
    const distinct = new Set(
      answers.map(({ refreshToken, jti, iat, exp }) => [refreshToken, jti, iat, exp].join()),
    )
    if (distinct.size < 2) return []
    const about = ofOne[0]?.sid ?? ''
    return [
      {
        kind: 'two-successors',
        about,
        why: `${distinct.size} successors of one token of ${about}`,
      },
    ]
  })
}

function judgeFeed(
  feed: FeedPart,
  lives: ReadonlyMap<string, Life>,
  acts: readonly Act[],
): readonly Violation[] {
  const counts = new Map<string, number>()
  for (const { sid } of feed.entries) counts.set(sid, (counts.get(sid) ?? 0) + 1)
  const violations: Violation[] = []
  if (feed.headSeq - feed.afterSeq !== feed.entries.length) {
    const why = `${feed.entries.length} entries between ${feed.afterSeq} and ${feed.headSeq}`
    violations.push({ kind: 'feed-gap', about: '', why })
  }
  for (const [sid, count] of counts) {
    if (count > 1)
      violations.push({ kind: 'feed-twice', about: sid, why: `${count} times: ${sid}` })
  }
  for (const { sid, deadAt, mayEndAt } of lives.values()) {
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
  const strangers = [...counts.keys()].filter((sid) => !lives.has(sid))
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

function oddAnswer(act: Act): Violation {
  const about = 'sid' in act && act.sid !== undefined ? act.sid : 'uid' in act ? act.uid : ''
  return { kind: 'odd-answer', about, why: line(act) }
}

function ms(duration: number): string {
  return `${duration.toFixed(1)} ms`
}
