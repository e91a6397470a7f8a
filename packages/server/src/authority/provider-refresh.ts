/*
 * Keeps the tokens of sessions fresh at their provider: one flight per session and process, however many
 * ask; one grant per version of the refresh token over all replicas, by the lease in the row (rule 21).
 *
 *   none -> flying (somebody needs fresh tokens) -> none
 *
 * A flight looks at the row, waits while another replica asks, or asks itself, until one of the four
 * answers below is known. Fast paths never come here: `standing` is one look at a map.
 */
import { setTimeout as delay } from 'node:timers/promises'
import {
  addMs,
  type End,
  type Instant,
  isExpired,
  type LiveSession,
  type ProviderLink,
  reason,
  type SessionId,
} from '#domain'
import { apply, endFor, readFresh } from './apply.ts'
import type { SessionHints } from './ports.ts'
import { StoreUnavailable } from './ports.ts'
import {
  type Attempt,
  type Attempted,
  attemptRefresh,
  type ProviderRefreshDeps,
  tokensOf,
} from './provider-attempt.ts'
import { BackOff } from './provider-back-off.ts'
import {
  type CannotRefresh,
  identityGoodUntil,
  judge,
  refreshAheadAt,
} from './provider-standing.ts'

export type Freshness =
  /** `late`: past its tokens' end, served while the provider is at fault or cannot be asked. */
  | { readonly kind: 'good'; readonly session: LiveSession; readonly late: boolean }
  | { readonly kind: 'ended'; readonly end: End }
  /** No row. */
  | { readonly kind: 'gone' }
  /** The identity has run out and cannot be renewed. The session has not ended: sign in again. */
  | { readonly kind: 'sign-in'; readonly why: CannotRefresh }
  /** The identity has run out while the provider is at fault: 503. */
  | { readonly kind: 'unavailable'; readonly retryAfterMs: number }

export type TokenStanding =
  /** Use it. `until`: when to look again; null: there is nothing that could run out. */
  | { readonly kind: 'good'; readonly until: Instant | null }
  /** Use it until then, and have it refreshed behind (`freshen`). */
  | { readonly kind: 'ahead'; readonly until: Instant }
  /** Wait for `freshen`. */
  | { readonly kind: 'due' }

export interface ProviderRefresh {
  /** By the snapshot alone. */
  standing(session: LiveSession): TokenStanding
  /**
   * Answers at once unless the tokens have run out. While the store is away, tokens that have just run
   * out are as good as while the provider is (rule 24), if the cache still vouches for the session.
   *
   * @throws StoreUnavailable
   */
  freshen(session: LiveSession): Promise<Freshness>
  /** By the snapshot alone: has the identity run out, grace and all (rule 24)? */
  hasLapsed(session: LiveSession): boolean
}

export interface FlightDeps extends ProviderRefreshDeps {
  readonly hints: Pick<SessionHints, 'announceSession' | 'onSessionHint'>
  /** How a flight waits for another replica, if not by the clock of the process. */
  readonly pause?: Pause
}

/** Ends after so long, or when the signal aborts, whichever comes first. */
export type Pause = (milliseconds: number, signal: AbortSignal) => Promise<void>

/**
 * When a flight looks whether another replica has stored new tokens, if no hint comes: soon at first,
 * then less and less often, because all of a crowd of sessions would look.
 */
const lookMsMin = 20
const lookMsMax = 250
/** Two and a half minutes: longer than two leases. */
const looksMax = 600
const rememberedMax = 100_000
const unavailableMs = 1000

export function createProviderRefresh(deps: FlightDeps): ProviderRefresh {
  return new Refresher(deps)
}

class Refresher implements ProviderRefresh {
  readonly #deps: FlightDeps
  readonly #flights = new Map<SessionId, Promise<Freshness>>()
  /** Those of them that wait for another replica. */
  readonly #waiting = new Map<SessionId, () => void>()
  /** When to refresh ahead, by session and version of its tokens; the oldest entries go first. */
  readonly #ahead = new Map<SessionId, { readonly version: number; readonly at: Instant }>()
  /** Until when a provider is left alone by this process. */
  readonly #restUntil = new Map<string, Instant>()
  readonly #providers: BackOff<string>
  readonly #sessions: BackOff<SessionId>

  constructor(deps: FlightDeps) {
    this.#deps = deps
    const { jitter } = deps
    this.#providers = new BackOff({ jitter, rememberedMax })
    this.#sessions = new BackOff({ jitter, rememberedMax })
    // As long as the process lives.
    deps.hints.onSessionHint((sid) => this.#wake(sid))
  }

  standing(session: LiveSession): TokenStanding {
    const link = session.provider
    if (link === null) return { kind: 'good', until: null }
    const now = this.#deps.rooms.clock.now()
    if (now >= link.tokensExpireAt) return { kind: 'due' }
    const until = this.#aheadAt(session.origin.sid, link, now)
    return now >= until ? { kind: 'ahead', until: link.tokensExpireAt } : { kind: 'good', until }
  }

  async freshen(session: LiveSession): Promise<Freshness> {
    const link = session.provider
    const standing = this.standing(session).kind
    if (link === null || standing === 'good') return { kind: 'good', session, late: false }
    if (standing === 'due') return this.#renewed(session, link)
    if (this.#mayAsk(link)) {
      // Nobody waits for it: what goes wrong shows when the tokens have run out.
      this.#deps.behind.add(this.#join(session.origin.sid, link.tokensVersion))
    }
    return { kind: 'good', session, late: false }
  }

  async #renewed({ origin }: LiveSession, link: ProviderLink): Promise<Freshness> {
    try {
      return await this.#join(origin.sid, link.tokensVersion)
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error
      // Looked up again: it may have ended, or the memory of it gone stale, while the store was asked.
      const session = this.#deps.rooms.cache.lastKnown(origin.sid)
      if (session === undefined || this.hasLapsed(session)) throw error
      return { kind: 'good', session, late: true }
    }
  }

  hasLapsed({ provider }: LiveSession): boolean {
    if (provider === null) return false
    const rules = this.#deps.grants.rules(provider.providerId)
    return this.#deps.rooms.clock.now() >= identityGoodUntil(provider, rules)
  }

  #mayAsk(link: ProviderLink): boolean {
    const now = this.#deps.rooms.clock.now()
    const restUntil = this.#restUntil.get(link.providerId)
    const sent = link.tokensVersion
    const rules = this.#deps.grants.rules(link.providerId)
    return judge({ link, sent, rules, now, restUntil }).kind === 'attempt'
  }

  #aheadAt(sid: SessionId, link: ProviderLink, now: Instant): Instant {
    const known = this.#ahead.get(sid)
    if (known?.version === link.tokensVersion) return known.at
    const at = refreshAheadAt(link, sid, now)
    this.#ahead.delete(sid)
    this.#ahead.set(sid, { version: link.tokensVersion, at })
    if (this.#ahead.size > rememberedMax) {
      for (const oldest of this.#ahead.keys()) {
        this.#ahead.delete(oldest)
        break
      }
    }
    return at
  }

  #join(sid: SessionId, sent: number): Promise<Freshness> {
    let flight = this.#flights.get(sid)
    if (flight === undefined) {
      flight = this.#fly(sid, sent).finally(() => this.#flights.delete(sid))
      this.#flights.set(sid, flight)
      this.#deps.behind.add(flight)
    }
    return flight
  }

  async #fly(sid: SessionId, sent: number): Promise<Freshness> {
    for (let look = 0; look < looksMax; look++) {
      const read = await readFresh(this.#deps.rooms, sid)
      if (read === undefined) return { kind: 'gone' }
      const { session, now } = read
      if (session.kind === 'ended') return { kind: 'ended', end: session.end }
      if (isExpired(session, now)) return this.#expire(sid)
      const freshness = await this.#step({ session, now, sent, look })
      if (freshness !== undefined) return freshness
    }
    return { kind: 'unavailable', retryAfterMs: unavailableMs }
  }

  /** Undefined: look at the row again. */
  async #step({ session, now, sent, look }: Look): Promise<Freshness | undefined> {
    const link = session.provider
    if (link === null) return { kind: 'good', session, late: false }
    const rules = this.#deps.grants.rules(link.providerId)
    const restUntil = this.#restUntil.get(link.providerId)
    const step = judge({ link, sent, rules, now, restUntil })
    switch (step.kind) {
      case 'done':
        return { kind: 'good', session, late: false }
      case 'cannot':
        return this.#without(session, link, now, { kind: 'sign-in', why: step.why })
      case 'rest':
        return this.#without(session, link, now, unavailable(step.until, now))
      case 'wait':
        return this.#pause(session.origin.sid, { look, longestMs: step.until - now })
      case 'attempt': {
        if (rules === undefined) return undefined
        const attempted = await this.#attempt({ session, now, link, rules })
        const again = attempted.kind === 'again'
        return again
          ? this.#pause(session.origin.sid, { look, longestMs: lookMsMax })
          : this.#landed(session, link, attempted)
      }
      default:
        return step satisfies never
    }
  }

  #attempt(attempt: Omit<Attempt, 'backOffMs'>): Promise<Attempted> {
    const { session, link } = attempt
    const backOffMs = Math.max(
      this.#providers.restMs(link.providerId),
      this.#sessions.restMs(session.origin.sid),
    )
    return attemptRefresh(this.#deps, { ...attempt, backOffMs })
  }

  #landed(
    session: LiveSession,
    link: ProviderLink,
    attempted: Exclude<Attempted, { kind: 'again' }>,
  ): Freshness {
    const { sid } = session.origin
    switch (attempted.kind) {
      case 'kept':
        this.#recovered(sid, link)
        this.#deps.behind.add(this.#reread(attempted.session))
        return { kind: 'good', session: attempted.session, late: false }
      case 'ended':
        this.#recovered(sid, link)
        return attempted
      case 'fault': {
        const now = this.#deps.rooms.clock.now()
        if (attempted.concerns === 'session') this.#sessions.failed(sid)
        else this.#leaveAlone(link.providerId, now)
        return this.#without(session, link, now, unavailable(attempted.until, now))
      }
      default:
        return attempted satisfies never
    }
  }

  #recovered(sid: SessionId, { providerId }: ProviderLink): void {
    this.#restUntil.delete(providerId)
    this.#providers.recovered(providerId)
    this.#sessions.recovered(sid)
  }

  #leaveAlone(providerId: string, now: Instant): void {
    this.#restUntil.set(providerId, addMs(now, this.#providers.restMs(providerId)))
    this.#providers.failed(providerId)
  }

  /** Served as it is while the identity is good (rule 24). */
  #without(
    session: LiveSession,
    link: ProviderLink,
    now: Instant,
    otherwise: Freshness,
  ): Freshness {
    const goodUntil = identityGoodUntil(link, this.#deps.grants.rules(link.providerId))
    if (now >= goodUntil) return otherwise
    return { kind: 'good', session, late: now >= link.tokensExpireAt }
  }

  /** The provider's other sources of claims are asked when nobody waits any more. */
  async #reread(session: LiveSession): Promise<void> {
    const { provider: link, origin } = session
    if (link === null) return
    const { providerId, subject } = link
    const tokens =
      this.#deps.grants.rules(providerId) && tokensOf(this.#deps.seal, origin.sid, link)
    if (tokens === undefined) return
    const regrant = await this.#deps.grants.reread({ providerId, subject, tokens })
    if (regrant === undefined) return
    await apply(this.#deps.rooms, origin.sid, () => ({ kind: 'regrant', ...regrant }))
  }

  async #expire(sid: SessionId): Promise<Freshness> {
    const cause = { reason: reason('expired'), by: null, guard: 'expired' } as const
    const ended = await endFor(this.#deps.rooms, sid, cause)
    if (ended === 'conflict' || ended.kind === 'unknown') return { kind: 'gone' }
    return { kind: 'ended', end: ended.end }
  }

  /** Shorter by a hint: then the row is looked at at once. */
  async #pause(
    sid: SessionId,
    { look, longestMs }: { readonly look: number; readonly longestMs: number },
  ): Promise<undefined> {
    const usualMs = Math.min(lookMsMin * 2 ** look, lookMsMax)
    const woken = new AbortController()
    this.#waiting.set(sid, () => woken.abort())
    const pause = this.#deps.pause ?? pauseByClock
    await pause(Math.min(usualMs, Math.max(1, longestMs)), woken.signal)
    this.#waiting.delete(sid)
    return undefined
  }

  #wake(sid: SessionId | undefined): void {
    if (sid !== undefined) this.#waiting.get(sid)?.()
    else for (const wake of this.#waiting.values()) wake()
  }
}

async function pauseByClock(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal, ref: false }).catch(() => undefined)
}

interface Look {
  readonly session: LiveSession
  /** The store's time as it was read. */
  readonly now: Instant
  readonly sent: number
  /** How often it has been looked before. */
  readonly look: number
}

function unavailable(until: Instant, now: Instant): Freshness {
  return { kind: 'unavailable', retryAfterMs: Math.max(0, until - now) }
}
