import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { KeyMissing, kindOf, type ManyAnswer, type OpaquePurpose } from '#authority'
import type { LiveSession, SessionId } from '#domain'
import { boundTo } from '#tokens'
import { logoutJson } from '../answers.ts'
import { pageCookieIn } from '../browser/page-cookie.ts'
import { badToken, requireOwnPage, sessionEnded, severalCredentials } from '../callers.ts'
import { type App, callerOf, type HttpContext } from '../context.ts'
import { headerCredentials } from '../credentials.ts'
import { sessionOnly } from '../guards.ts'
import { Problem } from '../problems.ts'
import { closed, logoutAnswer, nothing, revokedCount } from '../schemas.ts'

const tags = ['Ending sessions']
const logoutBody = closed({
  refresh_token: Type.Optional(
    Type.String({ maxLength: 4096, description: 'Instead of a token in `Authorization`.' }),
  ),
})

export function logoutRoutes(app: App, context: HttpContext): void {
  app.post(
    '/logout',
    {
      config: { group: 'logout', who: 'any token of the session' },
      schema: {
        tags,
        summary: 'End the session; also good with a token of a session that has ended',
        body: logoutBody,
        querystring: nothing,
        response: { 200: logoutAnswer },
      },
    },
    // Carried through whether or not the client is still there: nothing here looks at the connection.
    async (request) => logout(context, request, request.body.refresh_token),
  )

  for (const which of ['all', 'others'] as const) {
    app.post(
      `/logout/${which}`,
      {
        config: { group: 'logout', who: 'any token of a live session' },
        onRequest: sessionOnly(context),
        schema: {
          tags,
          summary:
            which === 'all'
              ? "End all of the user's sessions"
              : "End all of the user's sessions but this one",
          body: nothing,
          querystring: nothing,
          response: { 200: revokedCount },
        },
      },
      async (request, reply) => logoutMany(context, request, reply, which),
    )
  }
}

async function logout(
  context: HttpContext,
  request: FastifyRequest,
  refreshToken: string | undefined,
) {
  const tokens = tokensOf(request, refreshToken)
  const cookie = pageCookieIn(request.raw, context.browser.cookie)
  const [first] = tokens
  if (first === undefined && cookie !== undefined) return byPage(context, request, cookie)
  if (first === undefined) {
    throw new Problem('unauthenticated', {
      detail: 'Send a token as `Authorization: Bearer`, or `refresh_token` in the body.',
    })
  }
  await requireOne(context, tokens, cookie)
  await proveBound(context, request)
  const answer = await context.authority.logout(first)
  if (answer.kind === 'invalid') throw badToken('The token is not good.')
  return logoutJson(answer)
}

/** By the cookie of our own pages alone (rules 15 and 29). */
async function byPage(context: HttpContext, request: FastifyRequest, cookie: string) {
  requireOwnPage(request.raw, context.settings.publicUrl)
  const answer = await context.authority.logoutPage(cookie)
  if (answer.kind === 'invalid') throw badToken('The cookie of this page is not good.')
  return logoutJson(answer)
}

/** Here the gateway's cookie counts as Bearer; a refresh token only in the body (API.md, section 5). */
function tokensOf(request: FastifyRequest, refreshToken: string | undefined): readonly string[] {
  const { tokens, basic, unreadable } = headerCredentials(request.raw)
  if (unreadable) throw badToken('The Authorization header cannot be read.')
  const inHeaders = tokens.map(({ secret }) => secret.reveal())
  const all = refreshToken === undefined ? inHeaders : [...inHeaders, refreshToken]
  if (basic.length > 0 && all.length > 0) throw severalCredentials()
  if (basic.length > 0) {
    throw new Problem('unauthenticated', { detail: 'Send a token, not client credentials.' })
  }
  if (inHeaders.some((token) => kindOf(token) === 'refresh')) {
    throw badToken('A refresh token belongs in the body.')
  }
  if (refreshToken !== undefined && kindOf(refreshToken) !== 'refresh') {
    throw badToken('The refresh token is not good.')
  }
  return all
}

/** A proof that is used up costs a write: only what is a token of ours gets as far. */
async function proveBound(context: HttpContext, request: FastifyRequest): Promise<void> {
  for (const token of headerCredentials(request.raw).tokens) {
    if (token.scheme === 'bearer' && boundTo(token.secret.reveal()) === null) continue
    const presented = await context.authority.present(token.secret.reveal())
    if (presented.kind === 'invalid') throw badToken('The token is not good.')
    await context.bound.check(request.raw, token)
  }
}

/** Several tokens must name one session before it is ended (rule 16); so must a cookie beside them. */
async function requireOne(
  context: HttpContext,
  tokens: readonly string[],
  cookie: string | undefined,
): Promise<void> {
  if (tokens.length === 1 && cookie === undefined) return
  const sids = new Set(await Promise.all(tokens.map((token) => sidOf(context, token))))
  const page = cookie === undefined ? undefined : await context.authority.presentPage(cookie)
  // One that leads nowhere is what a browser has kept for too long.
  if (page !== undefined && page.kind !== 'invalid') {
    sids.add(page.kind === 'gone' ? page.sid : page.session.origin.sid)
  }
  if (sids.size > 1) throw severalCredentials()
}

async function sidOf(context: HttpContext, token: string): Promise<SessionId> {
  const kind = kindOf(token)
  if (kind !== 'access') return sidOfOpaque(context, kind, token)
  const presented = await context.authority.present(token)
  if (presented.kind === 'invalid') throw badToken('The token is not good.')
  return presented.kind === 'gone' ? presented.sid : presented.session.origin.sid
}

function sidOfOpaque(context: HttpContext, purpose: OpaquePurpose, token: string): SessionId {
  const opened = context.opaque.open(purpose, token)
  if (opened.kind === 'key-missing') throw new KeyMissing(opened.keyId)
  if (opened.kind === 'forged') throw badToken('The token is not good.')
  return opened.token.sid
}

async function logoutMany(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
  which: 'all' | 'others',
) {
  const { session } = callerOf(request)
  if (session === null) throw new Problem('unauthenticated')
  const answer: ManyAnswer = await context.authority.logoutMany(session, which)
  if (answer.kind === 'caller-ended') throw await endedMeanwhile(context, session)
  return reply.send({ revoked: answer.revoked })
}

async function endedMeanwhile(context: HttpContext, caller: LiveSession): Promise<Problem> {
  const session = await context.authority.show(caller.origin.sid)
  return session?.kind === 'ended'
    ? sessionEnded(session.end)
    : badToken('The session of the token is not known.')
}
