import type { LiveSession } from '#domain'
import type { Subject } from '#gateway'

/** A session as rules and headers see it. `roles` are those of this moment (rule 17). */
export function subjectOf(
  { origin, grants, provider }: LiveSession,
  roles: readonly string[],
): Subject {
  return {
    sid: origin.sid,
    uid: origin.uid,
    device: origin.device,
    roles,
    claims: grants.claims,
    authTime: origin.authTime,
    acr: origin.acr,
    idp: provider?.providerId ?? null,
  }
}
