/*
 * Judges a history against the invariants of DESIGN.md, section 2. It knows two moments of a session:
 * `deadAt`, when its end had been acknowledged or seen by somebody, and `mayEndAt`, when the first request
 * began that could have ended it. Used after the one, or refused before the other, is a violation.
 */

import { seedOfRun } from './chance.ts'
import {
  type Act,
  type CensusAct,
  type FeedPart,
  type History,
  line,
  type RefreshAct,
  type StartAct,
  type Trouble,
  type UseAct,
} from './history.ts'
import { judgeFeed } from './judge-feed.ts'
import { judgeGrants } from './judge-provider.ts'
import { type Life, type Lives, livesOf } from './lives.ts'

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
    | 'feed-reset'
    | 'two-grants'
    | 'cookie-cleared'
    | 'forgery-accepted'
    | 'readable'
    | 'not-recovered'
    | 'odd-answer'
  /** The sid or uid that it is about. */
  readonly about: string
  readonly why: string
}

/** How long whoever answers from memory may go on after an end that it was not told of. */
export type Bounds = {
  /** Push or pull have told of it, where nothing was broken. */
  readonly usualMs: number
  /** Whatever is broken (`maxStaleness`). */
  readonly longestMs: number
  /** How long after a trouble the usual bound holds again. */
  readonly recoveryMs: number
  /**
   * How long after a grant arrived whose sender fell silent the next one may come: the provider's time-out,
   * because a request is only written while the lease lasts for longer than that (rule 21).
   */
  readonly silentGrantMs?: number
}

const atOnce: Bounds = { usualMs: 0, longestMs: 0, recoveryMs: 0 }

export function judge(
  history: History,
  feed?: FeedPart | readonly FeedPart[],
  bounds: Bounds = atOnce,
): readonly Violation[] {
  const { acts, grants } = history
  const lives = livesOf(history)
  const sights: Sights = { lives, bounds, troubles: history.troubles }
  const feeds = feed === undefined ? [] : [feed].flat()
  return [
    ...acts.filter((act) => act.verdict === 'odd').map(oddAnswer),
    ...acts.flatMap((act) => judgeUse(act, sights)),
    ...judgeStarts(acts),
    ...acts.flatMap((act) => (act.kind === 'census' ? judgeCensus(act, lives) : [])),
    ...firstEnds(acts),
    ...successors(acts),
    ...judgeGrants(grants, bounds.silentGrantMs),
    ...feeds.flatMap((one) => judgeFeed(one, lives, history)),
  ]
}

type Sights = {
  readonly lives: Lives
  readonly bounds: Bounds
  readonly troubles: readonly Trouble[]
}

/** Throws with the seed and all that happened to those concerned. */
export function expectSound(history: History, feed?: FeedPart): void {
  const violations = judge(history, feed)
  if (violations.length > 0) throw new Error(accusation(history, violations))
}

/** The seed, and all that happened to those concerned. */
export function accusation(
  history: History,
  violations: readonly Violation[],
  seed = seedOfRun,
): string {
  const shown = violations.slice(0, 5).flatMap(({ kind, about, why }) => [
    `${kind}: ${why}`,
    ...history
      .about(about)
      .slice(-30)
      .map((text) => `    ${text}`),
  ])
  const head = `${violations.length} violations in ${history.acts.length} acts, seed ${seed}`
  return [head, ...shown].join('\n')
}

function judgeUse(act: Act, sights: Sights): readonly Violation[] {
  if (act.kind === 'forgery' && act.verdict === 'accepted') {
    return [{ kind: 'forgery-accepted', about: act.how, why: line(act) }]
  }
  if (act.kind !== 'use' && act.kind !== 'refresh' && act.kind !== 'start') return []
  const life = act.sid === undefined ? undefined : sights.lives.bySid.get(act.sid)
  if (life === undefined) return []
  const about = life.sid
  const since = act.verdict === 'accepted' ? mustBeDeadAt(life, act, sights) : Infinity
  if (act.from > since) {
    const why = `accepted ${ms(act.from - life.deadAt)} after its end was known: ${line(act)}`
    return [{ kind: 'dead-accepted', about, why }]
  }
  const refused = act.verdict === 'ended' || act.verdict === 'refused'
  if (act.kind !== 'start' && refused && act.till < life.mayEndAt) {
    return [{ kind: 'lost-start', about, why: `refused, and nothing had ended it: ${line(act)}` }]
  }
  if (act.kind === 'refresh' && act.reason === 'refresh_reuse' && act.till < life.mayReuseAt) {
    return [{ kind: 'reuse-unjustified', about, why: `taken for a thief: ${line(act)}` }]
  }
  return act.kind === 'use' ? judgeCookie(act, life) : []
}

function mustBeDeadAt(life: Life, act: Act, { bounds, troubles }: Sights): number {
  if (act.kind !== 'use' || act.fromMemory !== true) return life.deadAt
  const usual = life.deadAt + bounds.usualMs
  const broken = troubles.some(
    ({ at, from, till }) =>
      (at === undefined || at === act.at || at === act.through) &&
      from < act.till &&
      till + bounds.recoveryMs > life.deadAt,
  )
  const bound = broken ? life.deadAt + bounds.longestMs : usual
  return Math.min(life.toldAt.get(act.at) ?? Infinity, bound)
}

/** Nobody is asked to sign in again because something is out of order (deny-by-default). */
function judgeCookie(act: UseAct, life: Life): readonly Violation[] {
  if (act.cleared !== true || act.till >= life.mayEndAt) return []
  return [{ kind: 'cookie-cleared', about: life.sid, why: line(act) }]
}

/** No sign-in succeeds between an acknowledged disable and the next enable. */
function judgeStarts(acts: readonly Act[]): readonly Violation[] {
  const byUid = Map.groupBy(acts, (act) => ('uid' in act ? act.uid : ''))
  return [...byUid.values()].flatMap((ofOne) => {
    const disables = ofOne.filter(
      (act) => act.kind === 'end-all' && act.disables && act.verdict === 'accepted',
    )
    if (disables.length === 0) return []
    const enables = ofOne.filter((act) => act.kind === 'enable')
    return ofOne.flatMap((act) => (act.kind === 'start' ? judgeStart(act, disables, enables) : []))
  })
}

function judgeStart(
  act: StartAct,
  disables: readonly Act[],
  enables: readonly Act[],
): readonly Violation[] {
  if (act.verdict !== 'accepted') return []
  const disabled = disables.some(
    (other) =>
      other.till < act.from &&
      !enables.some((one) => one.from < act.till && mayActAfter(one, other.from)),
  )
  if (!disabled) return []
  return [{ kind: 'started-while-disabled', about: act.uid, why: line(act) }]
}

/** Without an answer it may be carried out whenever. */
function mayActAfter(act: Act, moment: number): boolean {
  return act.verdict === 'unknown' || act.till > moment
}

function judgeCensus(act: CensusAct, lives: Lives): readonly Violation[] {
  if (act.verdict !== 'accepted') return []
  const own = (lives.byUid.get(act.uid) ?? []).filter(({ start }) => start.till < act.from)
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

function oddAnswer(act: Act): Violation {
  const about = 'sid' in act && act.sid !== undefined ? act.sid : 'uid' in act ? act.uid : ''
  return { kind: 'odd-answer', about, why: line(act) }
}

function ms(duration: number): string {
  return `${duration.toFixed(1)} ms`
}
