import { type Static, Type } from 'typebox'
import { everything, type SessionQuery, type SessionSearch } from '#authority'
import { parseClientId, parseReason, parseSessionId, reason, toSeconds } from '#domain'
import { parseIp } from '../address.ts'
import { adminSessionJson, logoutJson, nextCursor, paging } from '../answers.ts'
import { type App, callerOf, type HttpContext, sidParam } from '../context.ts'
import { roleOnly } from '../guards.ts'
import { invalid, noSuchSession } from '../problems.ts'
import {
  adminSessionAnswer,
  adminSessionListAnswer,
  closed,
  logoutAnswer,
  nothing,
  pageQuery,
  reasonText,
  text,
} from '../schemas.ts'
import { parseSubject } from '../subjects.ts'

const tags = ['Administration']
const config = { group: 'admin', who: 'role admin' } as const
const state = Type.Optional(
  Type.String({
    pattern: '^(?:live|ended|all)$',
    description: '`live`, `ended` or `all` (default).',
  }),
)
const searchQuery = closed({
  ...pageQuery,
  state,
  uid: Type.Optional(text(300, 'Of this user, or `client:<id>`.')),
  device: Type.Optional(text(64, 'Of this device class.')),
  client_id: Type.Optional(Type.String({ format: 'client-id', description: 'Of this client.' })),
  reason: Type.Optional(Type.String({ format: 'reason', description: 'Ended for this reason.' })),
  ip: Type.Optional(Type.String({ format: 'ip', description: 'Used last from this address.' })),
  search: Type.Optional(
    text(300, 'Whose uid begins so, or with this sid, or used last from this address.'),
  ),
})
const userAnswer = closed({
  uid: Type.String(),
  disabled_at: Type.Union([Type.Integer(), Type.Null()]),
  live_sessions: Type.Integer(),
})
const userQuery = closed({ ...pageQuery, state })
type Search = Static<typeof searchQuery>

/** Sessions of anybody, for administrators. */
export function adminSessionRoutes(app: App, context: HttpContext): void {
  const adminOnly = roleOnly(context, 'admin')

  const list = async (query: Omit<SessionQuery, 'before' | 'limit'>, request: ListRequest) => {
    const page = await context.authority.list({ ...query, ...paging(request.query) })
    const current = callerOf(request).session?.origin.sid ?? null
    const items = page.sessions.map((one) => adminSessionJson(context.authority, one, current))
    return { items, next_cursor: nextCursor(page) }
  }

  app.get(
    '/admin/sessions',
    {
      config,
      onRequest: adminOnly,
      schema: {
        tags,
        summary: 'Search all sessions, the newest first',
        querystring: searchQuery,
        response: { 200: adminSessionListAnswer },
      },
    },
    async (request) => list(filterOf(request.query), request),
  )

  app.get(
    '/users/:uid/sessions',
    {
      config,
      onRequest: adminOnly,
      schema: {
        tags,
        summary: 'The sessions of one user, the newest first',
        querystring: userQuery,
        response: { 200: adminSessionListAnswer },
      },
    },
    async (request) => {
      const uid = parseSubject((request.params as { uid: string }).uid)
      return list({ ...everything, uid, state: stateOf(request.query.state) }, request)
    },
  )

  app.get(
    '/users/:uid',
    {
      config,
      onRequest: adminOnly,
      schema: {
        tags,
        summary: 'How a user stands, also one not seen yet',
        querystring: nothing,
        response: { 200: userAnswer },
      },
    },
    async (request) => {
      const uid = parseSubject((request.params as { uid: string }).uid)
      const { authority, liveSessions } = context
      const [{ disabledAt }, live] = await Promise.all([authority.user(uid), liveSessions(uid)])
      const disabled = disabledAt === null ? null : toSeconds(disabledAt)
      return { uid, disabled_at: disabled, live_sessions: live }
    },
  )

  app.get(
    '/sessions/:sid',
    {
      config,
      onRequest: adminOnly,
      schema: {
        tags,
        summary: 'One session, whatever its state',
        querystring: nothing,
        response: { 200: adminSessionAnswer },
      },
    },
    async (request) => {
      const session = await context.authority.show(sidParam(request))
      if (session === undefined) throw noSuchSession()
      const current = callerOf(request).session?.origin.sid ?? null
      return adminSessionJson(context.authority, session, current)
    },
  )

  app.post(
    '/sessions/:sid/revoke',
    {
      config,
      onRequest: adminOnly,
      schema: {
        tags,
        summary: 'End any session',
        body: closed({ reason: Type.Optional(reasonText) }),
        querystring: nothing,
        response: { 200: logoutAnswer },
      },
    },
    async (request) => {
      const given = request.body.reason === undefined ? undefined : parseReason(request.body.reason)
      const answer = await context.authority.revokeSession({
        sid: sidParam(request),
        reason: given ?? reason('adminRevoke'),
        by: callerOf(request).actor,
      })
      if (answer === undefined) throw noSuchSession()
      return logoutJson(answer)
    },
  )
}

type ListRequest = Parameters<typeof callerOf>[0] & { readonly query: Parameters<typeof paging>[0] }

function filterOf(query: Search): Omit<SessionQuery, 'before' | 'limit'> {
  return {
    uid: query.uid === undefined ? null : parseSubject(query.uid, notAUid),
    state: stateOf(query.state),
    device: query.device ?? null,
    clientId: query.client_id === undefined ? null : (parseClientId(query.client_id) ?? null),
    reason: query.reason === undefined ? null : (parseReason(query.reason) ?? null),
    ip: query.ip === undefined ? null : (parseIp(query.ip) ?? null),
    search: query.search === undefined ? null : searchOf(query.search),
  }
}

function searchOf(text: string): SessionSearch {
  const sid = parseSessionId(text.toLowerCase()) ?? null
  return { uidPrefix: text, sid, ip: parseIp(text) ?? null }
}

function notAUid() {
  return invalid('query', '/uid', 'must be a uid')
}

function stateOf(value: string | undefined): SessionQuery['state'] {
  return value === 'live' || value === 'ended' ? value : 'all'
}
