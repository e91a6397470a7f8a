/*
 * What a history says of each session: since when it must be dead, and from when on it may be. Used after
 * the one, or refused before the other, is a violation (judge.ts).
 */
import type { Act, EndAllAct, Grant, History, RefreshAct, StartAct, Trouble } from './history.ts'

export type Life = {
  readonly sid: string
  readonly start: StartAct
  /** When its end had been acknowledged or seen by somebody. Infinity: nobody has been told of an end. */
  deadAt: number
  /** The same for each replica, which from then on may not even remember it. */
  readonly toldAt: Map<string, number>
  /** When the first request began that could have ended it. */
  mayEndAt: number
  /** From when on a refresh may honestly be taken for a replay. */
  mayReuseAt: number
  /** Only by later sign-ins of the same class. */
  onlyBySignIns: boolean
}

export type Lives = {
  readonly bySid: ReadonlyMap<string, Life>
  readonly byUid: ReadonlyMap<string, readonly Life[]>
}

export function livesOf(history: Pick<History, 'acts' | 'grants' | 'troubles'>): Lives {
  const lives = begun(history.acts)
  const byUid = Map.groupBy(lives.values(), ({ start }) => start.uid)
  for (const act of history.acts) applyTo(act, lives, byUid)
  replays(history.acts, lives)
  spentTokens(history, byUid)
  return { bySid: lives, byUid }
}

function begun(acts: readonly Act[]): Map<string, Life> {
  const lives = new Map<string, Life>()
  for (const act of acts) {
    if (act.kind !== 'start' || act.sid === undefined) continue
    const known = lives.get(act.sid)
    // The sign-in that began a shared session may have got no answer: then joiners know of it first.
    if (known !== undefined && (act.joined || !known.start.joined)) continue
    const open = { deadAt: Infinity, mayEndAt: Infinity, mayReuseAt: Infinity }
    const life = { sid: act.sid, start: act, toldAt: new Map(), onlyBySignIns: true, ...open }
    lives.set(act.sid, life)
  }
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
      if (life !== undefined && act.verdict === 'ended') told(life, act, act.till)
      break
    }
    default:
  }
}

function told(life: Life, { at }: Act, since: number): void {
  life.deadAt = Math.min(life.deadAt, since)
  life.toldAt.set(at, Math.min(life.toldAt.get(at) ?? Infinity, since))
}

function ends(life: Life, act: Act, acknowledged: boolean): void {
  // Refused: it has ended nothing.
  if (act.verdict === 'refused' || act.verdict === 'ended') return
  life.onlyBySignIns = false
  life.mayEndAt = Math.min(life.mayEndAt, act.from)
  if (acknowledged) told(life, act, act.till)
  const replayed = act.kind === 'end' && act.how === 'replay'
  if (replayed) life.mayReuseAt = Math.min(life.mayReuseAt, act.from)
}

/** A sign-in whose fence was captured before the end began is dead when both have been answered. */
function endsAmong(life: Life, act: EndAllAct): void {
  if (act.except === life.sid) return
  // Over before this session began. Without an answer it may be carried out whenever.
  if (act.verdict === 'accepted' && act.till < life.start.from) return
  ends(life, act, false)
  const captured = life.start.fenceTill ?? life.start.till
  if (act.verdict !== 'accepted' || captured > act.from) return
  told(life, act, Math.max(act.till, life.start.till))
}

function supersedes(life: Life, act: StartAct): void {
  if (act.policy !== 'single' || act.device !== life.start.device || act === life.start) return
  if (act.verdict === 'refused') return
  if (act.verdict === 'accepted' && (act.joined || act.till < life.start.from)) return
  life.mayEndAt = Math.min(life.mayEndAt, act.from)
  if (act.verdict === 'accepted' && life.start.till < act.from) told(life, act, act.till)
}

/**
 * A request that was late, or never answered, may be carried out after its client has gone on with the
 * successor that another one brought. That is a replay by the contract, and nobody can tell it from theft.
 */
function replays(acts: readonly Act[], lives: ReadonlyMap<string, Life>): void {
  const refreshes = acts.filter((act): act is RefreshAct => act.kind === 'refresh')
  const usedAt = new Map<string, number>()
  for (const { presented, from } of refreshes) {
    usedAt.set(presented, Math.min(usedAt.get(presented) ?? Infinity, from))
  }
  for (const ofOne of Map.groupBy(refreshes, ({ presented }) => presented).values()) {
    const next = ofOne.find(({ successor }) => successor !== undefined)?.successor?.refreshToken
    const used = next === undefined ? undefined : usedAt.get(next)
    if (used === undefined) continue
    const late = ofOne.some(({ verdict, till }) => verdict === 'unknown' || till > used)
    const life = lives.get(ofOne[0]?.sid ?? '')
    if (!late || life === undefined) continue
    life.mayReuseAt = Math.min(life.mayReuseAt, used)
    life.mayEndAt = Math.min(life.mayEndAt, used)
    life.onlyBySignIns = false
  }
}

/** How long after the provider's answer its tokens are certain to have been stored. */
const storedWithinMs = 3000

/** A sender that dies between the provider's rotation and our commit leaves a spent token (no-lost-start). */
function spentTokens(
  { grants, troubles }: Pick<History, 'grants' | 'troubles'>,
  byUid: ReadonlyMap<string, readonly Life[]>,
): void {
  if (grants.length === 0) return
  const serious = troubles.filter(({ harmless }) => !harmless)
  const bySubject = new Map<string, number>()
  for (const grant of grants) {
    if (!grant.rotated || !mayBeLost(grant, serious)) continue
    bySubject.set(grant.subject, Math.min(bySubject.get(grant.subject) ?? Infinity, grant.from))
  }
  for (const lives of byUid.values()) {
    for (const life of lives) {
      const since = bySubject.get(life.start.subject ?? '')
      if (since !== undefined) life.mayEndAt = Math.min(life.mayEndAt, since)
    }
  }
}

function mayBeLost({ outcome, from, till }: Grant, troubles: readonly Trouble[]): boolean {
  if (outcome !== 'answered') return true
  return troubles.some(
    (one) => one.from < till + storedWithinMs && one.till > from - storedWithinMs,
  )
}
