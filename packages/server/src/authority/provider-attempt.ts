/*
 * One attempt to refresh a session's tokens at its provider (rule 21). Whoever holds the lease sends:
 *
 *   leased -> sending -> kept        tokens: stored before anybody is released
 *                     -> refused     invalid_grant: the session ends, or the token counts as lost
 *                     -> fault       the lease goes back at once; nobody asks before the back-off is over
 *                     -> silent      the lease stays until it runs out; a late answer is still kept
 */
import { setTimeout as delay } from 'node:timers/promises'
import {
  addMs,
  type End,
  type Instant,
  type LiveSession,
  type ProviderLink,
  reason,
  type SessionId,
} from '#domain'
import { type Applied, apply, type CommandFor, endFor } from './apply.ts'
import type { Behind } from './behind.ts'
import type { EffectStore } from './effect-ports.ts'
import { rulesOf } from './policy.ts'
import { type SessionHints, StoreUnavailable } from './ports.ts'
import type {
  GrantResult,
  ProviderGrants,
  ProviderRules,
  ProviderSessionStore,
  ProviderTokens,
  TokenSeal,
} from './provider-ports.ts'
import { writeDown } from './provider-revocation.ts'
import { leaseMsFor } from './provider-standing.ts'
import { openTokens, sealTokens } from './provider-tokens.ts'
import type { Rooms } from './rooms.ts'

export type ProviderRefreshResult =
  | 'refreshed'
  | 'refused'
  | 'lost'
  | 'fault'
  | 'silent'
  | 'not_this_user'
  | 'unreadable'
  | 'session_ended'

/** What happened, for those who count and log. */
export interface ProviderSignals {
  refreshed(providerId: string, result: ProviderRefreshResult, why: string | null): void
}

export interface ProviderRefreshDeps {
  readonly rooms: Rooms
  readonly store: ProviderSessionStore & Pick<EffectStore, 'addEffect'>
  readonly seal: TokenSeal
  readonly grants: ProviderGrants
  readonly signals: ProviderSignals
  /** Grants that nobody waits for, and what is written down after them. */
  readonly behind: Pick<Behind, 'add'>
  readonly hints: Pick<SessionHints, 'announceSession'>
  /** Names one attempt; no two are alike. */
  readonly owner: () => string
  /** Between 0 and 1. */
  readonly jitter: () => number
}

export type Attempted =
  | { readonly kind: 'kept'; readonly session: LiveSession }
  | { readonly kind: 'ended'; readonly end: End }
  | { readonly kind: 'fault'; readonly concerns: 'everyone' | 'session'; readonly until: Instant }
  /** Something else has become of the row: read it again. */
  | { readonly kind: 'again' }

/** How often and how long tokens in hand are offered to a store that does not answer. */
const storeAttemptsMax = 60
const storeRetryMs = 500
const retryAfterMsMax = 60_000

export interface Attempt {
  readonly session: LiveSession
  /** The store's time when the session was read. */
  readonly now: Instant
  readonly link: ProviderLink
  readonly rules: ProviderRules
  /** How long the provider is left alone after a fault. */
  readonly backOffMs: number
}

/**
 * Takes the lease and asks. The answer is bounded by the time-out; what comes later, as long as the
 * lease lasts, is carried out all the same, behind.
 *
 * @throws StoreUnavailable
 */
export async function attemptRefresh(
  deps: ProviderRefreshDeps,
  attempt: Attempt,
): Promise<Attempted> {
  const { rules, session, now } = attempt
  const { sid } = session.origin
  const owner = deps.owner()
  const sent = attempt.link.tokensVersion
  const leaseMs = leaseMsFor(rules)
  const lease = { kind: 'take-lease', sent, owner, leaseMs } as const
  const taken = await apply(deps.rooms, sid, () => lease, { read: { session, now } })
  if (taken.kind !== 'moved') return { kind: 'again' }
  const sending = send(deps, {
    ...attempt,
    session: taken.session,
    owner,
    sent,
    until: addMs(taken.now, leaseMs),
  })
  // Whatever came of it: those who wait elsewhere look at once, and whose memory of it is old forgets it.
  deps.behind.add(sending.finally(() => deps.hints.announceSession(sid)))
  const silence = delay(rules.timeoutMs, undefined, { ref: false }).then(
    (): Attempted => ({ kind: 'fault', concerns: 'everyone', until: addMs(taken.now, leaseMs) }),
  )
  return Promise.race([sending, silence])
}

interface Sending extends Attempt {
  readonly owner: string
  readonly sent: number
  /** The end of the lease. */
  readonly until: Instant
}

async function send(deps: ProviderRefreshDeps, sending: Sending): Promise<Attempted> {
  const { session, link, rules, until } = sending
  const { sid } = session.origin
  const opened = openTokens(deps.seal, sid, link.sealedTokens)
  if (opened.kind !== 'opened' || opened.tokens.refreshToken === null) {
    const why = opened.kind === 'opened' ? 'no refresh token among the tokens' : opened.kind
    deps.signals.refreshed(link.providerId, 'unreadable', why)
    return giveBack(deps, sending, { concerns: 'session', retryAfterMs: null })
  }
  const { refreshToken, idToken } = opened.tokens
  const { providerId, issuer, subject } = link
  const { claims } = session.grants
  const signal = AbortSignal.timeout(Math.max(0, until - deps.rooms.clock.now()))
  const identity = { providerId, issuer, subject, claims }
  const sendBefore = addMs(until, -rules.timeoutMs)
  const order = { ...identity, refreshToken, idToken, signal, sendBefore }
  return settle(deps, sending, await deps.grants.refresh(order))
}

async function settle(
  deps: ProviderRefreshDeps,
  sending: Sending,
  result: GrantResult,
): Promise<Attempted> {
  const { providerId } = sending.link
  switch (result.kind) {
    case 'tokens':
      return keep(deps, sending, result)
    case 'not-this-user':
      return endForOthers(deps, sending, result)
    case 'refused':
      return refuse(deps, sending)
    case 'fault':
      deps.signals.refreshed(providerId, 'fault', result.why)
      return giveBack(deps, sending, result)
    case 'too-late':
      await giveBack(deps, sending, { concerns: 'session', retryAfterMs: 0 })
      return { kind: 'again' }
    case 'silent':
      deps.signals.refreshed(providerId, 'silent', result.why)
      return { kind: 'fault', concerns: 'everyone', until: sending.until }
    default:
      return result satisfies never
  }
}

/** However long the store takes: what came is no longer anything that the session could go on with. */
async function endForOthers(
  deps: ProviderRefreshDeps,
  sending: Sending,
  { tokens, why }: Extract<GrantResult, { kind: 'not-this-user' }>,
): Promise<Attempted> {
  deps.signals.refreshed(sending.link.providerId, 'not_this_user', why)
  const { sid } = sending.session.origin
  return afterEnd(deps, sending, await insisting(() => endFor(deps.rooms, sid, idpRefused)), tokens)
}

const idpRefused = { reason: reason('idpRefused'), by: null, guard: 'live' } as const

/** Stored before anybody is released, and however long the store takes: the old token is spent. */
async function keep(
  deps: ProviderRefreshDeps,
  sending: Sending,
  result: Extract<GrantResult, { kind: 'tokens' }>,
): Promise<Attempted> {
  const { rooms, seal, signals } = deps
  const { sid, absoluteExpiresAt, device } = sending.session.origin
  const { providerId } = sending.link
  const command: CommandFor = () => ({
    kind: 'store-provider-tokens',
    sent: sending.sent,
    sealedTokens: sealTokens(seal, sid, result.tokens),
    tokensExpireAt: result.expiresAt ?? absoluteExpiresAt,
    rotated: result.rotated,
    grants: result.grants,
    idleTtlMs: rulesOf(rooms.policy, device).idleTtlMs,
  })
  const stored = await insisting(() => apply(rooms, sid, command, { cached: true }))
  if (stored.kind === 'moved') {
    signals.refreshed(providerId, 'refreshed', null)
    return { kind: 'kept', session: stored.session }
  }
  return afterEnd(deps, sending, stored, result.tokens)
}

/** Tokens of a session that has ended are to be revoked; nobody waits for that to be written down. */
function afterEnd(
  deps: ProviderRefreshDeps,
  sending: Sending,
  applied: Applied | 'conflict',
  tokens: ProviderTokens,
): Attempted {
  if (applied === 'conflict' || (applied.kind !== 'ended' && applied.kind !== 'unknown')) {
    return { kind: 'again' }
  }
  if (applied.kind === 'unknown' || !applied.byThis) {
    deps.signals.refreshed(sending.link.providerId, 'session_ended', null)
  }
  const { sid } = sending.session.origin
  const ended = applied.kind === 'ended' ? applied.end.reason : reason('restored')
  const late = { sid, link: sending.link, reason: ended, tokens }
  deps.behind.add(insisting(() => writeDown(deps, late)))
  return applied.kind === 'ended' ? { kind: 'ended', end: applied.end } : { kind: 'again' }
}

async function refuse(deps: ProviderRefreshDeps, sending: Sending): Promise<Attempted> {
  const { sid } = sending.session.origin
  const { providerId } = sending.link
  const command = { kind: 'provider-refused', sent: sending.sent } as const
  const applied = await insisting(() => apply(deps.rooms, sid, () => command))
  if (applied.kind === 'ended') {
    if (applied.byThis) deps.signals.refreshed(providerId, 'refused', null)
    return { kind: 'ended', end: applied.end }
  }
  if (applied.kind === 'moved') deps.signals.refreshed(providerId, 'lost', null)
  return { kind: 'again' }
}

async function giveBack(
  deps: ProviderRefreshDeps,
  sending: Sending,
  fault: { readonly concerns: 'everyone' | 'session'; readonly retryAfterMs: number | null },
): Promise<Attempted> {
  const restMs = Math.min(fault.retryAfterMs ?? sending.backOffMs, retryAfterMsMax)
  const retryAt = addMs(deps.rooms.clock.now(), Math.ceil(restMs))
  const { owner, sent } = sending
  const command = { kind: 'provider-fault', sent, owner, retryAt } as const
  await apply(deps.rooms, sending.session.origin.sid, () => command)
  return { kind: 'fault', concerns: fault.concerns, until: retryAt }
}

/** @throws StoreUnavailable when the store stays away for half a minute */
async function insisting<Result>(act: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act()
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || attempt >= storeAttemptsMax) throw error
      await delay(storeRetryMs, undefined, { ref: false })
    }
  }
}

/** The tokens of a session's row; undefined: there are none to be read. */
export function tokensOf(
  seal: TokenSeal,
  sid: SessionId,
  link: Pick<ProviderLink, 'sealedTokens'>,
): ProviderTokens | undefined {
  const opened = openTokens(seal, sid, link.sealedTokens)
  return opened.kind === 'opened' ? opened.tokens : undefined
}
