import {
  type EpochSeconds,
  expiresAt,
  type Instant,
  type LiveSession,
  type MintedAccess,
  toSeconds,
} from '#domain'
import { effectiveRoles } from './roles.ts'
import type { Rooms } from './rooms.ts'
import type { AccessClaims } from './token-ports.ts'

/** What a start or a refresh hands out; http writes it as API.md, section 3, says. */
export interface TokenSet {
  readonly session: LiveSession
  readonly accessToken: string
  /** `DPoP`: good with proofs of its key alone (RFC 9449, section 5). */
  readonly tokenType: 'Bearer' | 'DPoP'
  /** Whole seconds that remain (rule 11). */
  readonly expiresIn: number
  readonly scope: string
  readonly refreshToken: string | null
  readonly sessionToken: string | null
  readonly sessionExpiresAt: EpochSeconds
}

/** What the request asks of the access token: parts of what the session may have. */
export interface TokenWish {
  /** RFC 8707 `resource`; empty: the whole configured audience. */
  readonly resources: readonly string[]
  /** Narrower than the session's scope, or null. */
  readonly scope: string | null
}

export const noWish: TokenWish = { resources: [], scope: null }

export interface TokenSetOrder {
  readonly session: LiveSession
  readonly minted: MintedAccess
  readonly now: Instant
  readonly wish: TokenWish
  /** The key that the access token is bound to. */
  readonly dpopThumbprint: string | null
  readonly refreshToken: boolean
  readonly sessionToken: boolean
}

/** Derives the tokens that the row stands for. Nothing here changes the session (rule 4). */
export function tokenSet(rooms: Rooms, order: TokenSetOrder): TokenSet {
  const { session, minted, now } = order
  const claims = accessClaims(rooms, session, order)
  return {
    session,
    accessToken: rooms.access.sign(claims, minted.keyId),
    tokenType: order.dpopThumbprint === null ? 'Bearer' : 'DPoP',
    expiresIn: Math.max(0, minted.exp - toSeconds(now)),
    scope: claims.scope,
    refreshToken: order.refreshToken ? refreshToken(rooms, session) : null,
    sessionToken: order.sessionToken ? sessionToken(rooms, session) : null,
    sessionExpiresAt: toSeconds(expiresAt(session)),
  }
}

/** The same token for others: `audience` is all that it is good for. */
export function accessTokenFor(
  rooms: Rooms,
  session: LiveSession,
  minted: MintedAccess,
  audience: readonly string[],
): string {
  const order = { minted, audience, scope: session.grants.scope, dpopThumbprint: null }
  const claims = claimsFor(rooms, session, order)
  return rooms.access.sign(claims, minted.keyId)
}

function accessClaims(
  rooms: Rooms,
  session: LiveSession,
  { minted, wish, dpopThumbprint }: TokenSetOrder,
): AccessClaims {
  const { policy } = rooms
  const resources = wish.resources.length > 0 ? wish.resources : policy.audience
  const audience = [...new Set([policy.issuer, ...resources])]
  const scope = narrowed(session.grants.scope, wish.scope)
  return claimsFor(rooms, session, { minted, audience, scope, dpopThumbprint })
}

interface ClaimsOrder {
  readonly minted: MintedAccess
  readonly audience: readonly string[]
  readonly scope: string
  readonly dpopThumbprint: string | null
}

/** RFC 9068, section 2.2, and the session's own claims. */
function claimsFor(rooms: Rooms, session: LiveSession, order: ClaimsOrder): AccessClaims {
  const { policy } = rooms
  const { origin } = session
  const { minted, audience, scope, dpopThumbprint } = order
  return {
    ...copiedClaims(session, policy.accessClaims),
    iss: policy.issuer,
    sub: origin.uid,
    aud: audience,
    exp: minted.exp,
    iat: minted.iat,
    nbf: minted.iat,
    jti: minted.jti,
    sid: origin.sid,
    client_id: origin.clientId,
    roles: effectiveRoles(policy, session),
    device: origin.device,
    scope,
    auth_time: origin.authTime,
    ...(origin.amr === null ? {} : { amr: origin.amr }),
    ...(origin.acr === null ? {} : { acr: origin.acr }),
    ...(dpopThumbprint === null ? {} : { cnf: { jkt: dpopThumbprint } }),
  }
}

/** Never more than was granted, whatever the client may ask for by now (RFC 6749, section 6). */
function narrowed(granted: string, asked: string | null): string {
  if (asked === null) return granted
  const allowed = new Set(granted.split(' '))
  return asked
    .split(' ')
    .filter((scope) => allowed.has(scope))
    .join(' ')
}

function copiedClaims(
  session: LiveSession,
  names: readonly string[],
): Readonly<Record<string, unknown>> {
  const own = names.filter((name) => Object.hasOwn(session.grants.claims, name))
  return Object.fromEntries(own.map((name) => [name, session.grants.claims[name]]))
}

function refreshToken(rooms: Rooms, session: LiveSession): string | null {
  const { origin, rotation } = session
  if (rotation === null) return null
  const { generation, keyId } = rotation
  return rooms.opaque.issue('refresh', { sid: origin.sid, generation, keyId }, origin.salt)
}

function sessionToken(rooms: Rooms, session: LiveSession): string {
  const { origin, sessionToken: state } = session
  const parts = { sid: origin.sid, generation: state.generation, keyId: state.keyId }
  return rooms.opaque.issue('session', parts, origin.salt)
}
