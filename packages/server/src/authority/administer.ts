import type { Actor, Claims, EndReason, LiveSession, Session, SessionId, Uid } from '#domain'
import { type Applied, apply, endFor, settled } from './apply.ts'
import type { LogoutAnswer, ManyAnswer } from './logout.ts'
import { endUser } from './logout.ts'
import type { SessionPage, SessionQuery } from './ports.ts'
import type { Rooms } from './rooms.ts'

/** `POST /sessions/{sid}/revoke`. The caller's role was judged before; `undefined`: no such session. */
export async function revokeSession(
  rooms: Rooms,
  order: { readonly sid: SessionId; readonly reason: EndReason; readonly by: Actor },
): Promise<Extract<LogoutAnswer, { kind: 'done' }> | undefined> {
  const { sid } = order
  const cause = { reason: order.reason, by: order.by, guard: 'live' } as const
  // Whatever reason they give: an administrator's end is one.
  const ended = await endFor(rooms, sid, cause, { family: true })
  if (ended === 'conflict' || ended.kind === 'unknown') return undefined
  return { kind: 'done', sid, already: !ended.byThis }
}

export interface RevokeUserOrder {
  readonly uid: Uid
  readonly reason: EndReason
  readonly by: Actor
  readonly except: SessionId | null
  /** Refuse new sessions too, also for a uid that has never been seen. */
  readonly disable: boolean
}

/** `POST /users/{uid}/revoke` and `/disable`: how many sessions ended. */
export async function revokeUser(rooms: Rooms, order: RevokeUserOrder): Promise<number> {
  const answer: ManyAnswer = await endUser(rooms, { ...order, requireLive: null })
  return answer.kind === 'done' ? answer.revoked : 0
}

/** `POST /users/{uid}/enable`: brings no session back. */
export async function enableUser(rooms: Rooms, uid: Uid): Promise<void> {
  await rooms.store.enableUser(uid)
}

/** One session by its id, whatever its state. */
export async function showSession(rooms: Rooms, sid: SessionId): Promise<Session | undefined> {
  const read = await rooms.store.read(sid)
  return read && settled(rooms, read)
}

export async function listSessions(rooms: Rooms, query: SessionQuery): Promise<SessionPage> {
  return rooms.store.list(query)
}

/** A user names a device. */
export async function renameSession(
  rooms: Rooms,
  sid: SessionId,
  deviceName: string | null,
): Promise<Applied> {
  return apply(rooms, sid, () => ({ kind: 'rename', deviceName }))
}

export interface Regrant {
  readonly roles: readonly string[] | undefined
  readonly claims: Claims | undefined
}

/** New roles or claims for one session: at once in forward auth, with the next access token elsewhere. */
export async function regrantSession(
  rooms: Rooms,
  sid: SessionId,
  regrant: Regrant,
): Promise<Applied> {
  return apply(rooms, sid, () => ({ kind: 'regrant', ...regrant }))
}

const userSessionsPage = 200

/** The same for all live sessions of a user. Answers how many there are; each changes by its own swap. */
export async function regrantUser(rooms: Rooms, uid: Uid, regrant: Regrant): Promise<number> {
  let live = 0
  for await (const session of liveSessions(rooms, uid)) {
    const applied = await regrantSession(rooms, session.origin.sid, regrant)
    if (applied.kind === 'moved' || applied.kind === 'unchanged') live++
  }
  return live
}

async function* liveSessions(rooms: Rooms, uid: Uid): AsyncGenerator<LiveSession> {
  let before: SessionId | null = null
  for (;;) {
    const query: SessionQuery = {
      ...everything,
      uid,
      state: 'live',
      before,
      limit: userSessionsPage,
    }
    const page: SessionPage = await rooms.store.list(query)
    for (const session of page.sessions) if (session.kind === 'live') yield session
    before = page.sessions.at(-1)?.origin.sid ?? null
    if (!page.more || before === null) return
  }
}

/** A query without any filter. */
export const everything: Omit<SessionQuery, 'limit'> = {
  uid: null,
  state: 'all',
  device: null,
  clientId: null,
  reason: null,
  ip: null,
  search: null,
  before: null,
}
