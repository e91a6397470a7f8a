import {
  clientOfUid,
  type End,
  expiresAt,
  type Instant,
  isExpired,
  type LiveSession,
  type SessionId,
} from '#domain'
import { remembered } from './apply.ts'
import { openToken } from './key-missing.ts'
import { StoreUnavailable } from './ports.ts'
import { type Acceptable, isOutdated, kindOf, present } from './present.ts'
import type { Freshness, ProviderRefresh } from './provider-refresh.ts'
import type { Rooms } from './rooms.ts'
import type { OpaquePurpose } from './token-ports.ts'

/** What a token shows of its session, for a gateway that asks at every request. */
export type SessionCheck =
  | {
      readonly kind: 'live'
      readonly session: LiveSession
      readonly identity: IdentityStanding
      /** How long this may be answered again without asking; 0: not at all. */
      readonly goodForMs: number
    }
  | { readonly kind: 'ended'; readonly sid: SessionId; readonly end: End | null }
  | { readonly kind: 'invalid' }

/** Whether the provider still vouches for the session (rule 24). Neither of the others ends it. */
export type IdentityStanding =
  | { readonly kind: 'good' }
  /** Only a new sign-in can renew it. */
  | { readonly kind: 'lapsed' }
  /** The provider is at fault, and the grace is over: 503. */
  | { readonly kind: 'unavailable'; readonly retryAfterMs: number }

export interface CheckRooms extends Rooms {
  readonly refresh: Pick<ProviderRefresh, 'standing' | 'freshen' | 'hasLapsed'>
}

/** While the store or the provider is at fault, they are asked again so often for one session. */
const againMs = 1000

/**
 * A snapshot may answer that a session is good (rule 3); all else is decided on a row just read. While
 * the store is out of reach an older snapshot answers too, until `maxStaleness`.
 *
 * @throws StoreUnavailable, KeyMissing
 */
export async function checkSession(
  rooms: CheckRooms,
  token: string,
  accepted: Acceptable,
): Promise<SessionCheck> {
  if (!accepted.includes(kindOf(token))) return { kind: 'invalid' }
  const claim = claimOf(rooms, token)
  const known = claim && remembered(rooms, claim.sid)
  const session = known instanceof Promise ? await known : known
  const shown = session && claim?.shows(session)
  if (shown !== undefined) return vouched(rooms, shown)
  try {
    return await fromRow(rooms, token, accepted)
  } catch (error) {
    // Whatever it is that fails, nothing here may turn it into a good answer but a vouched snapshot.
    if (!(error instanceof StoreUnavailable)) throw error
    const lastKnown = fromLastKnown(rooms, token)
    // Without the store nothing can be refreshed either.
    if (lastKnown === undefined || rooms.refresh.hasLapsed(lastKnown.session)) throw error
    return good(rooms, lastKnown, { limitMs: againMs, until: null })
  }
}

interface Shown {
  readonly session: LiveSession
  /** Of the token itself; null: it lives as long as the session. */
  readonly tokenExpiresAt: Instant | null
}

async function fromRow(
  rooms: CheckRooms,
  token: string,
  accepted: Acceptable,
): Promise<SessionCheck> {
  const presented = await present(rooms, token, accepted)
  switch (presented.kind) {
    case 'live': {
      const { session } = presented
      return vouched(rooms, { session, tokenExpiresAt: expiryOf(rooms, token) })
    }
    case 'ended':
      return { kind: 'ended', sid: presented.session.origin.sid, end: presented.session.end }
    case 'gone':
      return { kind: 'ended', sid: presented.sid, end: null }
    case 'invalid':
      return { kind: 'invalid' }
    default:
      return presented satisfies never
  }
}

function expiryOf(rooms: CheckRooms, token: string): Instant | null {
  if (kindOf(token) !== 'access') return null
  const verdict = rooms.access.verify(token)
  return verdict.kind === 'valid' ? expiryAt(verdict.claims.exp) : rooms.clock.now()
}

function expiryAt(exp: number): Instant {
  return (exp * 1000) as Instant
}

/** A token that is good by itself, and the session that it names. */
interface Claim {
  readonly sid: SessionId
  /** Undefined: what is remembered of the session does not say that this token is good. */
  shows(session: LiveSession): Shown | undefined
}

function claimOf(rooms: CheckRooms, token: string): Claim | undefined {
  const kind = kindOf(token)
  const claim = kind === 'access' ? byAccess(rooms, token) : byOpaque(rooms, token, kind)
  return claim && { sid: claim.sid, shows: (session) => stillGood(rooms, claim.shows(session)) }
}

function stillGood(rooms: CheckRooms, shown: Shown | undefined): Shown | undefined {
  if (shown === undefined || isExpired(shown.session, rooms.clock.now())) return undefined
  const client = clientOfUid(shown.session.origin.uid)
  // Of a client that has left the configuration: refused, so the row decides (rule 3).
  return client !== undefined && rooms.policy.client(client) === undefined ? undefined : shown
}

function byAccess(rooms: CheckRooms, token: string): Claim | undefined {
  const verdict = rooms.access.verify(token)
  if (verdict.kind === 'invalid') return undefined
  const { sid, claims } = verdict
  const tokenExpiresAt = expiryAt(claims.exp)
  const shows = (session: LiveSession): Shown | undefined => {
    // Again: it may have run out since it was verified.
    const good = session.origin.uid === claims.sub && rooms.clock.now() < tokenExpiresAt
    return good ? { session, tokenExpiresAt } : undefined
  }
  return { sid, shows }
}

function byOpaque(rooms: CheckRooms, text: string, purpose: OpaquePurpose): Claim | undefined {
  const token = openToken(rooms, purpose, text)
  if (token === undefined) return undefined
  const shows = (session: LiveSession): Shown | undefined => {
    const proven = rooms.opaque.verify(token, session.origin.salt) && !isOutdated(session, token)
    return proven ? { session, tokenExpiresAt: null } : undefined
  }
  return { sid: token.sid, shows }
}

/** The token is looked at again: it may have run out while the store was asked. */
function fromLastKnown(rooms: CheckRooms, token: string): Shown | undefined {
  const claim = claimOf(rooms, token)
  const session = claim && rooms.cache.lastKnown(claim.sid)
  return session && claim?.shows(session)
}

/** With the provider's word; asks for fresh tokens where they have run out. */
async function vouched(rooms: CheckRooms, shown: Shown): Promise<SessionCheck> {
  const { session, tokenExpiresAt } = shown
  const { sid } = session.origin
  const standing = rooms.refresh.standing(session)
  if (standing.kind === 'good') return good(rooms, shown, { until: standing.until })
  const fresh = await rooms.refresh.freshen(session)
  switch (fresh.kind) {
    case 'good': {
      const now = rooms.refresh.standing(fresh.session)
      const until = now.kind === 'due' ? null : now.until
      const briefly = now.kind === 'good' ? {} : { limitMs: againMs }
      return good(rooms, { session: fresh.session, tokenExpiresAt }, { ...briefly, until })
    }
    case 'ended':
      return { kind: 'ended', sid, end: fresh.end }
    case 'gone':
      return { kind: 'ended', sid, end: null }
    default:
      return { kind: 'live', session, identity: identityOf(fresh), goodForMs: 0 }
  }
}

function identityOf(
  fresh: Extract<Freshness, { kind: 'sign-in' | 'unavailable' }>,
): IdentityStanding {
  if (fresh.kind === 'sign-in') return { kind: 'lapsed' }
  return { kind: 'unavailable', retryAfterMs: fresh.retryAfterMs }
}

interface Bounds {
  /** Without it: for as long as the snapshot itself would answer. */
  readonly limitMs?: number
  /** When the provider's tokens want to be looked at again. */
  readonly until: Instant | null
}

function good(rooms: CheckRooms, { session, tokenExpiresAt }: Shown, bounds: Bounds): SessionCheck {
  const now = rooms.clock.now()
  const ends = [expiresAt(session), tokenExpiresAt, bounds.until].filter((at) => at !== null)
  const limitMs = bounds.limitMs ?? rooms.cache.freshForMs(session.origin.sid)
  const goodForMs = Math.max(0, Math.min(limitMs, ...ends.map((at) => at - now)))
  return { kind: 'live', session, identity: { kind: 'good' }, goodForMs }
}
