import type { FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { type Applied, everything } from '#authority'
import { clientOfUid, type LiveSession, type Session, type SessionId } from '#domain'
import { adminSessionJson, logoutJson, nextCursor, paging, sessionJson } from '../answers.ts'
import { type Caller, requireRole } from '../callers.ts'
import { type App, callerOf, type HttpContext, sidParam } from '../context.ts'
import { grantable } from '../grantable.ts'
import { anyCaller, sessionOnly } from '../guards.ts'
import { clientsAreConfigured, invalid, noSuchSession, Problem } from '../problems.ts'
import {
  adminSessionAnswer,
  claims,
  closed,
  logoutAnswer,
  nothing,
  nullableText,
  pageQuery,
  roleNames,
  sessionAnswer,
  sessionListAnswer,
} from '../schemas.ts'

const tags = ['Sessions']
const patchBody = closed({
  device_name: Type.Optional(
    nullableText(512, 'What the user calls the device; null for nothing.'),
  ),
  roles: Type.Optional(roleNames),
  claims: Type.Optional(claims),
})

/** A user's own sessions, and changes of one session. */
export function sessionRoutes(app: App, context: HttpContext): void {
  app.get(
    '/sessions',
    {
      config: { group: 'sessions', who: 'any token' },
      onRequest: sessionOnly(context),
      schema: {
        tags,
        summary: "The caller's own live sessions, the newest first",
        querystring: closed(pageQuery),
        response: { 200: sessionListAnswer },
      },
    },
    async (request) => {
      const { origin } = ownSession(request)
      const own = { ...everything, uid: origin.uid, state: 'live' } as const
      const page = await context.authority.list({ ...own, ...paging(request.query) })
      const items = page.sessions.map((one) => sessionJson(context.authority, one, origin.sid))
      return { items, next_cursor: nextCursor(page) }
    },
  )

  app.delete(
    '/sessions/:sid',
    {
      config: { group: 'sessions', who: 'any token of a live session of the same user' },
      onRequest: sessionOnly(context),
      schema: {
        tags,
        summary: "End one of the caller's own sessions",
        body: nothing,
        querystring: nothing,
        response: { 200: logoutAnswer },
      },
    },
    async (request) => {
      const { uid } = ownSession(request).origin
      const sid = sidParam(request)
      const session = await context.authority.show(sid)
      if (session?.origin.uid !== uid) throw noSuchSession()
      const answer = await context.authority.logoutOne(sid, uid)
      if (answer.kind === 'invalid') throw noSuchSession()
      return logoutJson(answer)
    },
  )

  app.patch(
    '/sessions/:sid',
    {
      config: {
        group: 'sessions',
        who: 'device_name: any token of the user; roles and claims: role admin or issuer (within mayGrant)',
      },
      onRequest: anyCaller(context),
      schema: {
        tags,
        summary: 'Name a device, or change the roles and claims of a live session',
        body: patchBody,
        querystring: nothing,
        response: { 200: Type.Union([sessionAnswer, adminSessionAnswer]) },
      },
      serializerCompiler: () => (answer) => JSON.stringify(answer),
    },
    async (request) => {
      const body = request.body
      const regrants = body.roles !== undefined || body.claims !== undefined
      if (!regrants) return rename(context, request, body)
      if (body.device_name !== undefined) {
        throw invalid('body', '/device_name', 'cannot change in one request with roles or claims')
      }
      return regrant(context, request, body)
    },
  )
}

type Patch = Static<typeof patchBody>

/** Whoever may change roles; judged before the session is looked for. */
async function regrant(context: HttpContext, request: FastifyRequest, body: Patch) {
  const caller = callerOf(request)
  requireRole(caller, ['admin', 'issuer'])
  const roles = grantable(caller, body.roles)
  const sid = sidParam(request)
  const session = await context.authority.show(sid)
  if (session !== undefined && clientOfUid(session.origin.uid) !== undefined) {
    throw clientsAreConfigured()
  }
  const applied = await context.authority.regrantSession(sid, {
    ...{ roles, claims: body.claims, by: caller.actor },
  })
  return adminSessionJson(context.authority, changed(applied), caller.session?.origin.sid ?? null)
}

async function rename(context: HttpContext, request: FastifyRequest, body: Patch) {
  const caller = callerOf(request)
  const sid = sidParam(request)
  const session = await ownOf(context, caller, sid)
  const own = caller.session?.origin.sid ?? null
  if (body.device_name === undefined) return sessionJson(context.authority, session, own)
  const applied = await context.authority.rename(sid, body.device_name)
  return sessionJson(context.authority, changed(applied), own)
}

async function ownOf(context: HttpContext, caller: Caller, sid: SessionId): Promise<Session> {
  const session = await context.authority.show(sid)
  if (session === undefined || session.origin.uid !== caller.actor) throw noSuchSession()
  return session
}

function changed(applied: Applied): LiveSession {
  switch (applied.kind) {
    case 'moved':
    case 'unchanged':
      return applied.session
    case 'ended':
      throw new Problem('already_ended')
    case 'unknown':
    case 'forged':
    case 'refused':
      throw noSuchSession()
    default:
      return applied satisfies never
  }
}

function ownSession(request: FastifyRequest): LiveSession {
  const { session } = callerOf(request)
  if (session === null) throw new Problem('unauthenticated')
  return session
}
