import { expiresAt, type Session, toSeconds } from '#domain'

/** A session as webhooks and the command line tell of it: API.md's names, times in Unix seconds, nothing that opens anything. */
export interface SessionDescription {
  readonly sid: string
  readonly uid: string
  readonly client_id: string
  readonly device: string
  readonly device_id: string | null
  readonly device_name: string | null
  readonly ip: string | null
  readonly user_agent: string | null
  readonly roles: readonly string[]
  readonly auth_time: number
  readonly created_at: number
  readonly last_seen_at: number
  readonly expires_at: number
  readonly revoked_at: number | null
  readonly revoked_reason: string | null
  readonly revoked_by_user_id: string | null
}

export function describeSession(session: Session): SessionDescription {
  const { origin, profile, life, grants } = session
  const end = session.kind === 'ended' ? session.end : null
  return {
    sid: origin.sid,
    uid: origin.uid,
    client_id: origin.clientId,
    device: origin.device,
    device_id: origin.deviceId,
    device_name: profile.deviceName,
    ip: profile.ip,
    user_agent: profile.userAgent,
    roles: grants.roles,
    auth_time: origin.authTime,
    created_at: toSeconds(origin.createdAt),
    last_seen_at: toSeconds(life.lastSeenAt),
    expires_at: toSeconds(expiresAt(session)),
    revoked_at: end === null ? null : toSeconds(end.at),
    revoked_reason: end?.reason ?? null,
    revoked_by_user_id: end?.by ?? null,
  }
}
