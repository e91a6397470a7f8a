import type { Authority, LogoutAnswer, TokenSet, TokenWish } from '#authority'
import { expiresAt, parseSessionId, type Session, type SessionId, toSeconds } from '#domain'
import { invalid } from './problems.ts'

export function sessionJson(authority: Authority, session: Session, current: SessionId | null) {
  const { origin, profile, life } = session
  return {
    sid: origin.sid,
    uid: origin.uid,
    client_id: origin.clientId,
    device: origin.device,
    device_name: profile.deviceName,
    ip: profile.ip,
    user_agent: profile.userAgent,
    roles: authority.effectiveRoles(session),
    auth_time: origin.authTime,
    created_at: toSeconds(origin.createdAt),
    last_seen_at: toSeconds(life.lastSeenAt),
    expires_at: toSeconds(expiresAt(session)),
    current: origin.sid === current,
  }
}

export function adminSessionJson(
  authority: Authority,
  session: Session,
  current: SessionId | null,
) {
  const end = session.kind === 'ended' ? session.end : null
  return {
    ...sessionJson(authority, session, current),
    revoked_at: end === null ? null : toSeconds(end.at),
    revoked_reason: end?.reason ?? null,
    revoked_by_user_id: end?.by ?? null,
  }
}

/** The token set of API.md, section 3, as `POST /sessions` answers it. */
export function tokenSetJson(tokens: TokenSet, joined: boolean) {
  return {
    sid: tokens.session.origin.sid,
    token_type: tokens.tokenType,
    access_token: tokens.accessToken,
    expires_in: tokens.expiresIn,
    ...(tokens.refreshToken === null ? {} : { refresh_token: tokens.refreshToken }),
    ...(tokens.sessionToken === null ? {} : { session_token: tokens.sessionToken }),
    session_expires_at: tokens.sessionExpiresAt,
    ...(joined ? { joined: true } : {}),
  }
}

/** RFC 6749, section 5.1; `/oauth/token` never gives a session token (rule 12). */
/** `scope` stands there whenever it was asked for: it may be less than that (RFC 6749, section 5.1). */
export function oauthTokenJson(tokens: TokenSet, { scope }: TokenWish) {
  return {
    sid: tokens.session.origin.sid,
    token_type: tokens.tokenType,
    access_token: tokens.accessToken,
    expires_in: tokens.expiresIn,
    ...(tokens.refreshToken === null ? {} : { refresh_token: tokens.refreshToken }),
    ...(tokens.scope === '' && scope === null ? {} : { scope: tokens.scope }),
    session_expires_at: tokens.sessionExpiresAt,
  }
}

export function logoutJson(answer: Extract<LogoutAnswer, { kind: 'done' }>) {
  return { revoked: !answer.already, already_revoked: answer.already, sid: answer.sid }
}

const pageDefault = 50

export interface Paging {
  readonly before: SessionId | null
  readonly limit: number
}

/** @throws Problem 400 when the cursor is none of ours */
export function paging(query: { readonly limit?: string; readonly cursor?: string }): Paging {
  const limit = query.limit === undefined ? pageDefault : Number(query.limit)
  if (query.cursor === undefined) return { before: null, limit }
  const before = parseSessionId(Buffer.from(query.cursor, 'base64url').toString('latin1'))
  if (before === undefined) throw invalid('query', '/cursor', 'must be a `next_cursor` of ours')
  return { before, limit }
}

export function nextCursor(page: {
  readonly sessions: readonly Session[]
  readonly more: boolean
}): string | null {
  const last = page.sessions.at(-1)
  if (!page.more || last === undefined) return null
  return Buffer.from(last.origin.sid, 'latin1').toString('base64url')
}
