import { type Actor, type LiveSession, reason, type SessionId, type Uid } from '#domain'
import { endFor } from './apply.ts'
import { KeyMissing } from './key-missing.ts'
import { type RecordedEnd, StoreUnavailable, type UserEndOrder } from './ports.ts'
import { type Acceptable, kindOf, pageTokens, present } from './present.ts'
import type { Rooms } from './rooms.ts'

/** What a logout did to one session. */
export type LogoutAnswer =
  | { readonly kind: 'done'; readonly sid: SessionId; readonly already: boolean }
  | { readonly kind: 'invalid'; readonly why: string }

/**
 * All that leads to one session, also the gateway's cookie and a refresh token of any generation; the page's
 * cookie is a cookie alone, and the caller says that it came as one.
 */
const anyToken: Acceptable = ['access', 'session', 'cookie', 'refresh']

/**
 * `POST /logout`. Also with a token of an ended session, whose answer writes nothing. An access
 * token is proof by itself, so its session ends in one act; an opaque one is checked with its row.
 *
 * @throws StoreUnavailable, KeyMissing
 */
export async function logout(rooms: Rooms, token: string): Promise<LogoutAnswer> {
  return counted(rooms, () =>
    kindOf(token) === 'access' ? byAccess(rooms, token) : byRow(rooms, token, anyToken),
  )
}

/** The same by the cookie of our own pages. */
export async function logoutPage(rooms: Rooms, cookie: string): Promise<LogoutAnswer> {
  return counted(rooms, () => byRow(rooms, cookie, pageTokens))
}

/** `DELETE /sessions/{sid}`: the user ends one of their own sessions, which was matched before. */
export async function logoutOne(rooms: Rooms, sid: SessionId, by: Actor): Promise<LogoutAnswer> {
  return counted(rooms, () => endOne(rooms, sid, by))
}

/** `curfew_logout_total`: every 503 is a `token_fail`, whatever was out of reach (API.md, section 5). */
async function counted(rooms: Rooms, act: () => Promise<LogoutAnswer>): Promise<LogoutAnswer> {
  try {
    const answer = await act()
    if (answer.kind === 'done') rooms.signals.loggedOut(answer.already ? 'already_revoked' : 'ok')
    return answer
  } catch (error) {
    const unavailable = error instanceof StoreUnavailable || error instanceof KeyMissing
    if (unavailable) rooms.signals.loggedOut('token_fail')
    throw error
  }
}

async function byAccess(rooms: Rooms, token: string): Promise<LogoutAnswer> {
  const verdict = rooms.access.verify(token)
  if (verdict.kind === 'invalid') return { kind: 'invalid', why: verdict.why }
  return endOne(rooms, verdict.sid, verdict.claims.sub as Uid)
}

async function byRow(rooms: Rooms, token: string, accepted: Acceptable): Promise<LogoutAnswer> {
  const presented = await present(rooms, token, accepted)
  switch (presented.kind) {
    case 'invalid':
      return presented
    case 'live':
      return endOne(rooms, presented.session.origin.sid, presented.session.origin.uid)
    case 'ended':
      return { kind: 'done', sid: presented.session.origin.sid, already: true }
    case 'gone':
      return { kind: 'done', sid: presented.sid, already: true }
    default:
      return presented satisfies never
  }
}

/** The end itself. A row that is gone counts as ended (rule 30). */
export async function endOne(rooms: Rooms, sid: SessionId, by: Actor): Promise<LogoutAnswer> {
  const ended = await endFor(rooms, sid, { reason: reason('userLogout'), by, guard: 'live' })
  const byThis = ended !== 'conflict' && ended.kind === 'ended' && ended.byThis
  return { kind: 'done', sid, already: !byThis }
}

export type ManyAnswer =
  | { readonly kind: 'done'; readonly revoked: number }
  /** The caller's own session ended before its request came to be carried out. */
  | { readonly kind: 'caller-ended' }

/** `POST /logout/all` and `POST /logout/others` of a caller whose session is live. */
export async function logoutMany(
  rooms: Rooms,
  caller: LiveSession,
  which: 'all' | 'others',
): Promise<ManyAnswer> {
  const { sid, uid } = caller.origin
  return endUser(rooms, {
    uid,
    reason: reason(which === 'all' ? 'userLogoutAll' : 'userLogoutOthers'),
    by: uid,
    except: which === 'others' ? sid : null,
    requireLive: sid,
    disable: false,
  })
}

/** Every user-wide end: raises the fence, ends, and denies in this process before it answers. */
export async function endUser(rooms: Rooms, order: UserEndOrder): Promise<ManyAnswer> {
  const result = await rooms.store.endUser(order)
  if (result.kind === 'caller-ended') return result
  for (const recorded of result.ended) denied(rooms, recorded)
  // What had run out before ended of itself: it is denied, and not counted as ended by this request.
  const ended = result.ended.filter(({ end }) => end.reason === order.reason && end.by === order.by)
  return { kind: 'done', revoked: ended.length }
}

function denied(rooms: Rooms, recorded: RecordedEnd): void {
  rooms.denylist.deny(recorded)
  rooms.cache.drop(recorded.sid)
}
