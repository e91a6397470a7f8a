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
import {
  type Attempted,
  attemptRefresh,
  type ProviderRefreshDeps,
  tokensOf,
} from './provider-attempt.ts'
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
   * Answers at once unless the tokens have run out.
   *
   * @throws StoreUnavailable
   */
  freshen(session: LiveSession): Promise<Freshness>
  /** When nothing is under way any more. */
  idle(): Promise<void>
}

export interface FlightDeps extends ProviderRefreshDeps {
  /** Something was committed elsewhere; only a hint to look again. */
  readonly onHint: (listener: () => void) => () => void
}

/** How often a flight looks whether another replica has stored new tokens. */
const lookMs = 20
const looksMax = 5000
const rememberedMax = 100_000
const backOffMsMin = 1000
const backOffMsMax = 30_000

export function createProviderRefresh(deps: FlightDeps): ProviderRefresh {
  return new Refresher(deps)
}

class Refresher implements ProviderRefresh {
  readonly #deps: FlightDeps
  readonly #flights = new Map<SessionId, Promise<Freshness>>()
  readonly #pending = new Set<Promise<unknown>>()
  /** When to refresh ahead, by session and version of its tokens; the oldest entries go first. */
  readonly #ahead = new Map<SessionId, { readonly version: number; readonly at: Instant }>()
  readonly #faults = new Map<string, { readonly count: number; readonly until: Instant }>()

  constructor(deps: FlightDeps) {
    this.#deps = deps
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
    if (standing === 'due') return this.#join(session.origin.sid, link.tokensVersion)
    if (this.#mayAsk(link)) {
      // Nobody waits for it: what goes wrong shows when the tokens have run out.
      this.#track(this.#join(session.origin.sid, link.tokensVersion))
    }
    return { kind: 'good', session, late: false }
  }

  async idle(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled([...this.#pending])
  }

  #mayAsk(link: ProviderLink): boolean {
    const now = this.#deps.rooms.clock.now()
    const restUntil = this.#faults.get(link.providerId)?.until
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
      this.#track(flight)
    }
    return flight
  }

  #track(pending: Promise<unknown>): void {
    const settled: Promise<unknown> = pending.then(
      () => this.#pending.delete(settled),
      () => this.#pending.delete(settled),
    )
    this.#pending.add(settled)
  }

  async #fly(sid: SessionId, sent: number): Promise<Freshness> {
    for (let look = 0; look < looksMax; look++) {
      const read = await readFresh(this.#deps.rooms, sid)
      if (read === undefined) return { kind: 'gone' }
      if (read.session.kind === 'ended') return { kind: 'ended', end: read.session.end }
      if (isExpired(read.session, read.now)) return this.#expire(sid)
      const freshness = await this.#step(read.session, sent, read.now)
      if (freshness !== undefined) return freshness
    }
    return { kind: 'unavailable', retryAfterMs: backOffMsMin }
  }

  /** Undefined: look at the row again. */
  async #step(session: LiveSession, sent: number, now: Instant): Promise<Freshness | undefined> {
    const link = session.provider
    if (link === null) return { kind: 'good', session, late: false }
    const rules = this.#deps.grants.rules(link.providerId)
    const restUntil = this.#faults.get(link.providerId)?.until
    const step = judge({ link, sent, rules, now, restUntil })
    switch (step.kind) {
      case 'done':
        return { kind: 'good', session, late: false }
      case 'cannot':
        return this.#without(session, link, now, { kind: 'sign-in', why: step.why })
      case 'rest':
        return this.#without(session, link, now, unavailable(step.until, now))
      case 'wait':
        await this.#pause(Math.min(lookMs, Math.max(1, step.until - now)))
        return undefined
      case 'attempt':
        if (rules === undefined) return undefined
        return this.#landed(session, link, await this.#attempt(session, link, rules))
      default:
        return step satisfies never
    }
  }

  #attempt(
    session: LiveSession,
    link: ProviderLink,
    rules: NonNullable<ReturnType<FlightDeps['grants']['rules']>>,
  ): Promise<Attempted> {
    const backOffMs = this.#backOffMs(link.providerId)
    return attemptRefresh(this.#deps, { session, link, rules, backOffMs }, (p) => this.#track(p))
  }

  #landed(session: LiveSession, link: ProviderLink, attempted: Attempted): Freshness | undefined {
    switch (attempted.kind) {
      case 'kept':
        this.#faults.delete(link.providerId)
        this.#track(this.#reread(attempted.session))
        return { kind: 'good', session: attempted.session, late: false }
      case 'ended':
        this.#faults.delete(link.providerId)
        return attempted
      case 'fault': {
        const now = this.#deps.rooms.clock.now()
        if (attempted.concerns === 'everyone') this.#leaveAlone(link.providerId, now)
        return this.#without(session, link, now, unavailable(attempted.until, now))
      }
      case 'again':
        return undefined
      default:
        return attempted satisfies never
    }
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

  /** A shorter rest by a hint: then the row is looked at at once. */
  async #pause(milliseconds: number): Promise<void> {
    const woken = new AbortController()
    const stop = this.#deps.onHint(() => woken.abort())
    await delay(milliseconds, undefined, { signal: woken.signal, ref: false }).catch(
      () => undefined,
    )
    stop()
  }

  #backOffMs(providerId: string): number {
    const count = this.#faults.get(providerId)?.count ?? 0
    const ms = Math.min(backOffMsMin * 2 ** count, backOffMsMax)
    return ms * (0.75 + this.#deps.jitter() / 2)
  }

  #leaveAlone(providerId: string, now: Instant): void {
    const count = this.#faults.get(providerId)?.count ?? 0
    const until = addMs(now, Math.ceil(this.#backOffMs(providerId)))
    this.#faults.set(providerId, { count: Math.min(count + 1, 16), until })
  }
}

function unavailable(until: Instant, now: Instant): Freshness {
  return { kind: 'unavailable', retryAfterMs: Math.max(0, until - now) }
}
