/*
 * One device authorization (RFC 8628), from the screen that asks to the session that it gets:
 *
 *   pending   a screen shows the code; nobody has looked at it
 *   scanned   one session has looked at it and owns it (rule 31): no other may decide
 *   approved  that session said yes; the screen may redeem it, once
 *   denied    that session said no
 *   consumed  a session was started with it
 *
 *   pending -> scanned -> approved -> consumed
 *                     \-> denied
 *
 * It expires out of every state but the last two. Each move is one conditional update of the store; what
 * stands here says why a move was not made, from the row as it was then.
 */
import type { ClientId, SessionId, Uid } from './ids.ts'
import type { Instant } from './time.ts'

export const deviceStates = ['pending', 'scanned', 'approved', 'denied', 'consumed'] as const
export type DeviceState = (typeof deviceStates)[number]

/** Who asks, as the person who decides is shown it. */
export interface DeviceRequest {
  readonly clientId: ClientId
  readonly scope: string
  /** RFC 8707 `resource`, for the first access token. */
  readonly resources: readonly string[]
  readonly ip: string | null
  readonly userAgent: string | null
}

export interface DeviceAuthorization extends DeviceRequest {
  /** Names the row within Curfew; opens nothing. */
  readonly id: string
  readonly requestedAt: Instant
  readonly expiresAt: Instant
  readonly state: DeviceState
  /** The session that scanned it; null while it is pending. */
  readonly scanner: { readonly sid: SessionId; readonly uid: Uid } | null
  /** The global fence at the approval (rule 1). */
  readonly fence: number | null
}

/** What the screen is told on its stream of events. */
export type DeviceStanding = 'pending' | 'scanned' | 'approved' | 'denied' | 'expired'

export function deviceStanding(
  { state, expiresAt }: Pick<DeviceAuthorization, 'state' | 'expiresAt'>,
  now: Instant,
): DeviceStanding {
  if (state === 'consumed') return 'approved'
  return state !== 'denied' && now >= expiresAt ? 'expired' : state
}

/** Nothing follows on it: the stream ends. */
export function isFinalStanding(standing: DeviceStanding): boolean {
  return standing === 'approved' || standing === 'denied' || standing === 'expired'
}

export type ScanRefusal =
  /** Also what has expired: a code that nobody shows any more. */
  'unknown' | 'of-another-session' | 'decided'

/** Why a session could not scan; undefined: it has scanned this one before, and owns it. */
export function scanRefusal(
  row: DeviceAuthorization | undefined,
  sid: SessionId,
  now: Instant,
): ScanRefusal | undefined {
  if (row === undefined || now >= row.expiresAt) return 'unknown'
  if (row.scanner?.sid !== sid) return 'of-another-session'
  return row.state === 'scanned' ? undefined : 'decided'
}

export type DecisionRefusal =
  | ScanRefusal
  | 'not-scanned'
  /** The session that scanned has ended. */
  | 'caller-ended'

/** Why a session could not decide. */
export function decisionRefusal(
  row: DeviceAuthorization | undefined,
  sid: SessionId,
  now: Instant,
): DecisionRefusal {
  if (row === undefined || now >= row.expiresAt) return 'unknown'
  if (row.scanner === null) return 'not-scanned'
  if (row.scanner.sid !== sid) return 'of-another-session'
  return row.state === 'scanned' ? 'caller-ended' : 'decided'
}

export type DeviceRefusal =
  | 'authorization_pending'
  | 'slow_down'
  | 'access_denied'
  | 'expired_token'
  /** Unknown, another client's, or used up. */
  | 'invalid_grant'

/**
 * What a poll comes to (RFC 8628, section 3.5); undefined: it may be redeemed. Hurry is held against
 * those alone who would have to wait anyway: a screen that heard of the approval comes at once.
 */
export function redeemRefusal(
  row: DeviceAuthorization | undefined,
  { now, hurried }: { readonly now: Instant; readonly hurried: boolean },
): DeviceRefusal | undefined {
  if (row === undefined || row.state === 'consumed') return 'invalid_grant'
  if (row.state === 'denied') return 'access_denied'
  if (now >= row.expiresAt) return 'expired_token'
  if (row.state === 'approved') return undefined
  return hurried ? 'slow_down' : 'authorization_pending'
}
