/*
 * Administrative acts leave a row before they are done: if it cannot be written, nothing is done (decision 24).
 * What a person does to their own sessions is none.
 */
import type { Actor, SessionId, Uid } from '#domain'
import * as administer from './administer.ts'
import type { Applied } from './apply.ts'
import type { AuditEntry, AuditStore } from './audit-ports.ts'
import type { Rooms } from './rooms.ts'

export type AdministrativeAct = Omit<AuditEntry, 'actor'>

/** `by`: null for a command of the shell, which asks nobody who it is. */
export function recordAct(store: AuditStore, by: Actor, act: AdministrativeAct): Promise<void> {
  return store.addAudit({ ...act, actor: by ?? 'shell' })
}

export interface AuditedRooms extends Rooms {
  readonly audit: AuditStore
}

type RevokeSession = Parameters<typeof administer.revokeSession>[1]

export async function revokeSession(rooms: AuditedRooms, order: RevokeSession) {
  // Nothing is done to what does not exist.
  if ((await administer.showSession(rooms, order.sid)) === undefined) return undefined
  const detail = { reason: order.reason }
  await recordAct(rooms.audit, order.by, { action: 'session_revoked', target: order.sid, detail })
  return administer.revokeSession(rooms, order)
}

export async function revokeUser(rooms: AuditedRooms, order: administer.RevokeUserOrder) {
  const { uid, by, reason, except, disable } = order
  const detail = { reason, ...(except === null ? {} : { except }) }
  const action = disable ? 'user_disabled' : 'user_revoked'
  await recordAct(rooms.audit, by, { action, target: uid, detail })
  return administer.revokeUser(rooms, order)
}

export async function enableUser(rooms: AuditedRooms, uid: Uid, by: Actor): Promise<void> {
  await recordAct(rooms.audit, by, { action: 'user_enabled', target: uid, detail: {} })
  await administer.enableUser(rooms, uid)
}

export interface RegrantOrder extends administer.Regrant {
  readonly by: Actor
}

export async function regrantSession(
  rooms: AuditedRooms,
  sid: SessionId,
  { by, ...regrant }: RegrantOrder,
): Promise<Applied> {
  const session = await administer.showSession(rooms, sid)
  if (session === undefined) return { kind: 'unknown' }
  // Nor to what has ended.
  if (session.kind === 'ended') return { kind: 'ended', end: session.end, byThis: false }
  const detail = detailOf(regrant)
  await recordAct(rooms.audit, by, { action: 'session_changed', target: sid, detail })
  return administer.regrantSession(rooms, sid, regrant)
}

export async function regrantUser(
  rooms: AuditedRooms,
  uid: Uid,
  { by, ...regrant }: RegrantOrder,
): Promise<number> {
  const detail = detailOf(regrant)
  await recordAct(rooms.audit, by, { action: 'user_changed', target: uid, detail })
  return administer.regrantUser(rooms, uid, regrant)
}

/** Claims by their names: what they say of a person is no matter of the audit. */
function detailOf({ roles, claims }: administer.Regrant): AuditEntry['detail'] {
  return {
    ...(roles === undefined ? {} : { roles }),
    ...(claims === undefined ? {} : { claims: Object.keys(claims) }),
  }
}
