/* The routes that the console uses, as issue 7 fixes them, in the plainest way. */
import type { SessionItem } from '../src/api/shapes.ts'
import { activityAt, followersAt } from './furniture.ts'
import { me, type World } from './world.ts'

export interface Call {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: Readonly<Record<string, unknown>>
}

export interface Stage {
  readonly world: World
  readonly late: number
}

export interface MockAnswer {
  readonly status: number
  readonly body: object
}

type Handler = (call: Call, stage: Stage, part: string) => MockAnswer

const routes: readonly (readonly [string, RegExp, Handler])[] = [
  ['GET', /^\/sessions$/, ownSessions],
  ['GET', /^\/admin\/sessions$/, (call, { world }) => ok(listSessions(call.query, world))],
  ['GET', /^\/admin\/overview$/, (_call, { world }) => ok(world.overview())],
  [
    'GET',
    /^\/admin\/activity$/,
    ({ query }, { world }) => ok(activityAt(world.now, Number(query.get('minutes')))),
  ],
  ['GET', /^\/admin\/followers$/, (_call, { world, late }) => ok(followersAt(world.now, late))],
  ['GET', /^\/admin\/effects$/, listEffects],
  ['POST', /^\/admin\/effects\/retry$/, retryEffects],
  ['GET', /^\/admin\/keys$/, (_call, { world }) => ok(world.keys)],
  ['POST', /^\/admin\/keys\/rotate$/, rotateKeys],
  ['GET', /^\/admin\/audit$/, listAudit],
  ['GET', /^\/users\/([^/]+)$/, showUser],
  ['GET', /^\/users\/([^/]+)\/sessions$/, userSessions],
  ['POST', /^\/users\/([^/]+)\/revoke$/, revokeUser],
  ['POST', /^\/users\/([^/]+)\/disable$/, disableUser],
  ['POST', /^\/users\/([^/]+)\/enable$/, enableUser],
  ['POST', /^\/sessions\/([^/]+)\/revoke$/, revokeSession],
  [
    'POST',
    /^\/logout$/,
    (_call, { world }) => ok({ revoked: world.end(world.mine, 'user_logout', me) }),
  ],
]

export function answerApi(call: Call, stage: Stage): MockAnswer {
  const own = stage.world.sessions.get(stage.world.mine)
  if (own !== undefined && own.revoked_at !== null) return sessionEnded(own)
  for (const [method, form, handler] of routes) {
    const part = form.exec(call.path)
    if (part && method === call.method)
      return handler(call, stage, decodeURIComponent(part[1] ?? ''))
  }
  return {
    status: 404,
    body: { title: `The mock has no ${call.method} ${call.path}`, status: 404 },
  }
}

function ok(body: object): MockAnswer {
  return { status: 200, body }
}

function sessionEnded({ revoked_at, revoked_reason }: SessionItem): MockAnswer {
  const title = 'The session has ended'
  return {
    status: 401,
    body: { code: 'session_ended', title, status: 401, revoked_at, revoked_reason },
  }
}

function ownSessions(_call: Call, { world }: Stage): MockAnswer {
  const live = world.list().filter((one) => one.uid === me && one.revoked_at === null)
  return ok({ items: live.map((one) => own(one, world)), next_cursor: null })
}

function own(item: SessionItem, world: World): SessionItem {
  return item.sid === world.mine ? { ...item, current: true, roles: ['admin'] } : item
}

function listSessions(query: URLSearchParams, world: World): object {
  const found = world.list().filter((one) => wanted(one, query))
  const cursor = query.get('cursor')
  return page(
    found.map((one) => own(one, world)),
    query,
    (one) => cursor === null || one.sid < cursor,
    (one) => one.sid,
  )
}

function wanted(one: SessionItem, query: URLSearchParams): boolean {
  const is = (name: string, value: string | null): boolean =>
    [null, value].includes(query.get(name))
  const state = query.get('state') ?? 'all'
  if (state !== 'all' && (one.revoked_at !== null) !== (state === 'ended')) return false
  if (!is('uid', one.uid) || !is('device', one.device) || !is('reason', one.revoked_reason))
    return false
  const search = query.get('search')
  return search === null || one.uid.startsWith(search) || one.sid === search || one.ip === search
}

function page<Item>(
  items: readonly Item[],
  query: URLSearchParams,
  after: (item: Item) => boolean,
  cursorOf: (item: Item) => string,
): { items: Item[]; next_cursor: string | null } {
  const limit = Math.min(200, Number(query.get('limit') ?? 50))
  const rest = items.filter(after)
  const shown = rest.slice(0, limit)
  const last = shown.at(-1)
  return { items: shown, next_cursor: rest.length > limit && last ? cursorOf(last) : null }
}

function listEffects({ query }: Call, { world }: Stage): MockAnswer {
  const state = query.get('state') ?? 'all'
  return ok({ items: world.effects.filter((one) => state === 'all' || one.state === state) })
}

function retryEffects({ body }: Call, { world }: Stage): MockAnswer {
  const ids = Array.isArray(body['ids']) ? body['ids'] : []
  const meant = world.effects.filter(
    (one) => body['all'] === true || ids.includes(one.id) || one.target === body['target'],
  )
  for (const effect of meant) world.effects.splice(world.effects.indexOf(effect), 1)
  world.note('effects_retried', null, { retried: meant.length })
  return ok({ retried: meant.length })
}

function rotateKeys({ body }: Call, { world }: Stage): MockAnswer {
  const made = world.rotate(body['now'] === true)
  world.note('keys_rotated', null, { now: body['now'] === true })
  return ok(made)
}

function listAudit({ query }: Call, { world }: Stage): MockAnswer {
  const names = ['actor', 'action', 'target'] as const
  const found = world.audit.filter((one) =>
    names.every((name) => query.get(name) === null || one[name] === query.get(name)),
  )
  const cursor = query.get('cursor')
  const cursorOf = (one: { id: number | string }): string => String(one.id)
  const start = cursor === null ? 0 : found.findIndex((one) => cursorOf(one) === cursor) + 1
  const rest = found.slice(start)
  return ok(page(rest, query, () => true, cursorOf))
}

function showUser(_call: Call, { world }: Stage, uid: string): MockAnswer {
  const live = world.list().filter((one) => one.uid === uid && one.revoked_at === null)
  return ok({ uid, disabled_at: world.disabled.get(uid) ?? null, live_sessions: live.length })
}

function userSessions({ query }: Call, { world }: Stage, uid: string): MockAnswer {
  query.set('uid', uid)
  return ok(listSessions(query, world))
}

function endAll(world: World, uid: string, reason: string, except: unknown): number {
  const live = world.list().filter((one) => one.uid === uid && one.revoked_at === null)
  return live.filter((one) => one.sid !== except && world.end(one.sid, reason, me)).length
}

function revokeUser({ body }: Call, { world }: Stage, uid: string): MockAnswer {
  const reason = String(body['reason'] ?? 'admin_revoke')
  const revoked = endAll(world, uid, reason, body['except'])
  world.note('user_revoked', uid, { reason, ended: revoked })
  return ok({ revoked })
}

function disableUser(_call: Call, { world }: Stage, uid: string): MockAnswer {
  world.disabled.set(uid, world.now)
  const revoked = endAll(world, uid, 'user_disabled', null)
  world.note('user_disabled', uid, { ended: revoked })
  return ok({ revoked })
}

function enableUser(_call: Call, { world }: Stage, uid: string): MockAnswer {
  world.disabled.delete(uid)
  world.note('user_enabled', uid)
  return ok({ enabled: true })
}

function revokeSession({ body }: Call, { world }: Stage, sid: string): MockAnswer {
  const reason = String(body['reason'] ?? 'admin_revoke')
  const revoked = world.end(sid, reason, me)
  if (revoked === undefined) return { status: 404, body: { title: 'No such session', status: 404 } }
  world.note('session_revoked', sid, { reason })
  return ok({ revoked, already_revoked: !revoked, sid })
}
