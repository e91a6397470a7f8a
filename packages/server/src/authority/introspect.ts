import { expiresAt, type LiveSession, toSeconds } from '#domain'
import { openToken } from './key-missing.ts'
import { endOne } from './logout.ts'
import type { ClientRules } from './policy.ts'
import { present } from './present.ts'
import { effectiveRoles } from './roles.ts'
import type { Rooms } from './rooms.ts'

/** RFC 7662, section 2.2: a token that is not active is told nothing else. */
export type Introspection = Readonly<Record<string, unknown>> & { readonly active: boolean }

const inactive: Introspection = { active: false }

/**
 * `POST /oauth/introspect` for a confidential client. A refresh token shows itself to its own client
 * alone. Always decided on the row, so an ended session is inactive at once.
 *
 * @throws StoreUnavailable, KeyMissing
 */
export async function introspect(
  rooms: Rooms,
  caller: ClientRules,
  token: string,
): Promise<Introspection> {
  const presented = await present(rooms, token, ['access', 'session', 'refresh'])
  if (presented.kind !== 'live') return inactive
  const { session, via } = presented
  switch (via) {
    case 'access':
      return ofAccess(rooms, session, token)
    case 'session':
      return { ...ofSession(rooms, session), token_type: 'session_token' }
    case 'refresh':
      return ofRefresh(rooms, session, { caller, token })
    case 'cookie':
      return inactive
    default:
      return via satisfies never
  }
}

function ofAccess(rooms: Rooms, session: LiveSession, token: string): Introspection {
  const verdict = rooms.access.verify(token)
  if (verdict.kind === 'invalid') return inactive
  const type = verdict.claims['cnf'] === undefined ? 'Bearer' : 'DPoP'
  return { active: true, token_type: type, username: session.origin.uid, ...verdict.claims }
}

function ofSession(rooms: Rooms, session: LiveSession): Introspection {
  const { origin, grants } = session
  return {
    active: true,
    iss: rooms.policy.issuer,
    sub: origin.uid,
    username: origin.uid,
    client_id: origin.clientId,
    sid: origin.sid,
    scope: grants.scope,
    roles: effectiveRoles(rooms.policy, session),
    device: origin.device,
    iat: toSeconds(origin.createdAt),
    exp: toSeconds(expiresAt(session)),
  }
}

/** Only the newest generation is active: an older one would be refused or be reuse. */
function ofRefresh(
  rooms: Rooms,
  session: LiveSession,
  request: { readonly caller: ClientRules; readonly token: string },
): Introspection {
  const opened = openToken(rooms, 'refresh', request.token)
  const newest = opened !== undefined && opened.generation === session.rotation?.generation
  if (!newest || session.origin.clientId !== request.caller.id) return inactive
  const { dpopThumbprint = null } = session.rotation ?? {}
  const bound = dpopThumbprint === null ? {} : { cnf: { jkt: dpopThumbprint } }
  return { ...ofSession(rooms, session), token_type: 'refresh_token', ...bound }
}

export type RevocationAnswer = 'done' | 'not-yours'

/**
 * `POST /oauth/revoke` (RFC 7009): ends the token's session. An unknown or invalid token is done
 * already (section 2.2); a token of another client is refused and stays (section 2.1).
 *
 * @throws StoreUnavailable, KeyMissing
 */
export async function revokeToken(
  rooms: Rooms,
  caller: ClientRules,
  token: string,
): Promise<RevocationAnswer> {
  const presented = await present(rooms, token, ['access', 'session', 'refresh'])
  if (presented.kind !== 'live') return 'done'
  const { session } = presented
  if (session.origin.clientId !== caller.id) return 'not-yours'
  await endOne(rooms, session.origin.sid, session.origin.uid)
  return 'done'
}
