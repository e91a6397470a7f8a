import type { SessionItem } from '../api/shapes.ts'

/** For tests: a live session with the parts that matter named. */
export function sessionItem(parts: Partial<SessionItem> & { readonly sid: string }): SessionItem {
  return {
    ...{ uid: 'main:alice', client_id: 'app', device: 'web', device_name: null },
    ...{ ip: '192.0.2.1', user_agent: null, roles: [], auth_time: null },
    ...{ created_at: 100, last_seen_at: 100, expires_at: 900, current: false },
    ...{ revoked_at: null, revoked_reason: null, revoked_by_user_id: null },
    ...parts,
  }
}
