/*
 * What is to be done about a session's tokens at its provider: pure judgement on a row just read.
 *
 *   done     the tokens are good, or newer than those that the caller knew
 *   attempt  take the lease and ask the provider
 *   wait     somebody else asks; look again at `until`
 *   rest     the provider is at fault; serve while the identity is good, else 503
 *   cannot   there is nothing to ask with; serve while the identity is good, then ask to sign in
 */
import { addMs, type Instant, type ProviderLink, type SessionId } from '#domain'
import type { ProviderRules } from './provider-ports.ts'

export type CannotRefresh =
  | 'no-refresh-token'
  /** Spent in an attempt whose answer was lost (rule 21). */
  | 'lost'
  /** Older than `maxRefreshTokenAge` (rule 24). */
  | 'too-old'
  /** The provider has left the configuration. */
  | 'provider-gone'

export type Step =
  | { readonly kind: 'done' }
  | { readonly kind: 'attempt' }
  | { readonly kind: 'wait'; readonly until: Instant }
  | { readonly kind: 'rest'; readonly until: Instant }
  | { readonly kind: 'cannot'; readonly why: CannotRefresh }

export interface Judged {
  readonly link: ProviderLink
  /** The version that is to be replaced. */
  readonly sent: number
  readonly rules: ProviderRules | undefined
  readonly now: Instant
  /** Until when this process leaves the provider alone. */
  readonly restUntil: Instant | undefined
}

export function judge({ link, sent, rules, now, restUntil }: Judged): Step {
  if (link.tokensVersion !== sent && now < link.tokensExpireAt) return { kind: 'done' }
  const why = cannot(link, rules, now)
  if (why !== undefined) return { kind: 'cannot', why }
  if (link.lease !== null && now < link.lease.until)
    return leased(link, link.lease.until, rules, now)
  if (link.retryAt !== null && now < link.retryAt) return { kind: 'rest', until: link.retryAt }
  if (restUntil !== undefined && now < restUntil) return { kind: 'rest', until: restUntil }
  return { kind: 'attempt' }
}

function cannot(
  link: ProviderLink,
  rules: ProviderRules | undefined,
  now: Instant,
): CannotRefresh | undefined {
  if (rules === undefined) return 'provider-gone'
  if (link.refreshLost) return 'lost'
  if (link.refreshTokenIssuedAt === null) return 'no-refresh-token'
  const maxMs = rules.maxRefreshTokenAgeMs
  const old = maxMs !== null && now >= addMs(link.refreshTokenIssuedAt, maxMs)
  return old ? 'too-old' : undefined
}

/**
 * A sender that has been silent for longer than a request may take is dead, or will be late. Nobody else
 * may ask before its lease runs out, and whoever has a good identity need not wait for that.
 */
function leased(
  link: ProviderLink,
  until: Instant,
  rules: ProviderRules | undefined,
  now: Instant,
): Step {
  const overdue =
    rules !== undefined &&
    link.attemptedAt !== null &&
    now >= addMs(link.attemptedAt, rules.timeoutMs)
  return overdue && now < identityGoodUntil(link, rules)
    ? { kind: 'rest', until }
    : { kind: 'wait', until }
}

/** Rule 24: the identity is good for `graceOnFault` longer than the tokens. */
export function identityGoodUntil(link: ProviderLink, rules: ProviderRules | undefined): Instant {
  return addMs(link.tokensExpireAt, rules?.graceOnFaultMs ?? 0)
}

/** The lease outlives the request by half its time-out, and by no more than this. */
const leaseMarginMsMax = 5000

/** Longer than the time-out, so that the remaining lease exceeds it when the request is written. */
export function leaseMsFor({ timeoutMs }: ProviderRules): number {
  return timeoutMs + Math.min(leaseMarginMsMax, Math.max(50, Math.ceil(timeoutMs / 2)))
}

const aheadMsMax = 30_000
const aheadShare = 0.2

/**
 * When a session in use has its tokens refreshed ahead of their end: within the last fifth of the time
 * that was left when this process first saw them, and the last half minute. Spread by sid, so that
 * sessions that began together do not ask together.
 */
export function refreshAheadAt(link: ProviderLink, sid: SessionId, now: Instant): Instant {
  const remaining = Math.max(0, link.tokensExpireAt - now)
  const spread = 0.5 + Number.parseInt(sid.slice(-4), 16) / 0x1fffe
  const ahead = Math.min(aheadMsMax, remaining * aheadShare) * spread
  return addMs(link.tokensExpireAt, -Math.floor(ahead))
}
