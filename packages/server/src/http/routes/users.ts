import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { clientOfUid, parseReason, parseSessionId, reason, type Uid } from '#domain'
import { requireRole } from '../callers.ts'
import { type App, callerOf, type HttpContext } from '../context.ts'
import { grantable } from '../grantable.ts'
import { roleOnly } from '../guards.ts'
import { clientsAreConfigured } from '../problems.ts'
import { claims, closed, nothing, reasonText, revokedCount, roleNames } from '../schemas.ts'
import { parseSubject } from '../subjects.ts'

const tags = ['Users']
const config = { group: 'admin', who: 'role admin or issuer' } as const
const revokeBody = closed({
  reason: Type.Optional(reasonText),
  except: Type.Optional(
    Type.String({ format: 'session-id', description: 'The one session that stays.' }),
  ),
})
const patchBody = closed({ roles: Type.Optional(roleNames), claims: Type.Optional(claims) })

/** Whole users: revoke, disable, enable, change. A client is `client:<id>`, for administrators. */
export function userRoutes(app: App, context: HttpContext): void {
  const onRequest = roleOnly(context, 'admin', 'issuer')

  app.post(
    '/users/:uid/revoke',
    {
      config,
      onRequest,
      schema: {
        tags,
        summary: 'End all sessions of a user; 0 for an unknown one',
        body: revokeBody,
        querystring: nothing,
        response: { 200: revokedCount },
      },
    },
    async (request) => {
      const { except, reason: given } = request.body
      return {
        revoked: await context.authority.revokeUser({
          uid: userOf(request),
          reason: (given === undefined ? undefined : parseReason(given)) ?? reason('adminRevoke'),
          by: callerOf(request).actor,
          except: except === undefined ? null : (parseSessionId(except) ?? null),
          disable: false,
        }),
      }
    },
  )

  app.post(
    '/users/:uid/disable',
    {
      config,
      onRequest,
      schema: {
        tags,
        summary: 'End all sessions of a user and refuse new ones, also for a user not seen yet',
        body: nothing,
        querystring: nothing,
        response: { 200: revokedCount },
      },
    },
    async (request) => {
      const uid = userOf(request)
      const revoked = await context.authority.revokeUser({
        uid,
        reason: reason('userDisabled'),
        by: callerOf(request).actor,
        except: null,
        disable: true,
      })
      context.clientAuth.forget(uid)
      return { revoked }
    },
  )

  app.post(
    '/users/:uid/enable',
    {
      config,
      onRequest,
      schema: {
        tags,
        summary: 'Allow new sessions again; brings none back',
        body: nothing,
        querystring: nothing,
        response: { 200: closed({ enabled: Type.Boolean() }) },
      },
    },
    async (request) => {
      await context.authority.enableUser(userOf(request), callerOf(request).actor)
      return { enabled: true }
    },
  )

  app.patch(
    '/users/:uid',
    {
      config: { ...config, who: 'role admin or issuer (within mayGrant)' },
      onRequest,
      schema: {
        tags,
        summary: "Change roles or claims of all of the user's live sessions",
        body: patchBody,
        querystring: nothing,
        response: { 200: closed({ changed: Type.Integer({ description: 'Live sessions.' }) }) },
      },
    },
    async (request) => {
      const roles = grantable(callerOf(request), request.body.roles)
      const change = { roles, claims: request.body.claims, by: callerOf(request).actor }
      const uid = userOf(request)
      if (clientOfUid(uid) !== undefined) throw clientsAreConfigured()
      return { changed: await context.authority.regrantUser(uid, change) }
    },
  )
}

/** Clients are an administrator's matter: an issuer must not disable the readers of the feed. */
function userOf(request: FastifyRequest): Uid {
  const uid = parseSubject((request.params as { readonly uid: string }).uid)
  if (clientOfUid(uid) !== undefined) requireRole(callerOf(request), ['admin'])
  return uid
}
