import type { FastifyReply, FastifyRequest } from 'fastify'
import { Secret, type SessionId, toSeconds } from '#domain'
import { sendPage } from '../browser/answers.ts'
import { ownCookies } from '../browser/cookies.ts'
import { type FormValue, formRoute, requireOwnForm, type Visit } from '../browser/forms.ts'
import { lookOf } from '../browser/look.ts'
import { pageHolder, setPageCookie } from '../browser/page-cookie.ts'
import { queryOf } from '../browser/query.ts'
import type { App, HttpContext } from '../context.ts'
import { consoleLinkPage, errorPage } from '../pages/index.ts'
import { userAgentOf } from '../user-agent.ts'
import { limitByAddress } from './login.ts'

const tags = ['The console']
const config = { group: 'admin', who: 'browsers, with a link of `curfew admin link`' } as const
const tokenLengthMax = 200

/**
 * `/console/link`: where the link of `curfew admin link UID` leads. Opening it changes nothing: programs that
 * preview links open them too. The button of the page uses it up.
 */
export function consoleLinkRoutes(app: App, context: HttpContext): void {
  app.get(
    '/console/link',
    { exposeHeadRoute: false, config, schema: { tags, summary: 'Asks before a link is used up' } },
    (request, reply) => opened(context, request, reply),
  )
  formRoute(
    app,
    context,
    { path: '/console/link', config, schema: { tags, summary: 'Signs in by the link, once' } },
    used,
  )
}

async function opened(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  limitByAddress(context, request, 'page')
  const token = tokenOf(queryOf(request)('token'))
  const uid = token && (await context.adminLinks.look(token))
  if (token === undefined || uid === undefined) return over(context, request, reply)
  const asked = { action: 'link', uid, token: token.reveal() }
  return sendPage(reply, consoleLinkPage(asked, lookOf(context, request)))
}

async function used({ context, request, reply }: Visit, value: FormValue): Promise<FastifyReply> {
  const detail = 'Another site sent this form. Nothing has changed; open the link itself.'
  requireOwnForm(context, request, { detail, retryUrl: null })
  limitByAddress(context, request, 'page')
  const token = tokenOf(value('token'))
  const from = { ip: context.addresses.of(request.raw), userAgent: userAgentOf(request) }
  const order = { ...from, previous: await leftBehind(context, request) }
  const redeemed = token && (await context.adminLinks.redeem({ token, ...order }))
  if (redeemed?.kind !== 'started') return over(context, request, reply)
  const { session, now } = redeemed
  const { browser } = context
  const maxAgeSeconds = toSeconds(session.origin.absoluteExpiresAt) - toSeconds(now)
  setPageCookie(reply, browser, { value: browser.gateway.pageCookieOf(session), maxAgeSeconds })
  // Relative to this address, whatever the path of publicUrl and the listener.
  return reply.redirect('./', 303)
}

/** The session of the page's cookie, which is replaced, unless the gateway's cookie leads to it as well. */
async function leftBehind(
  { browser }: HttpContext,
  request: FastifyRequest,
): Promise<readonly SessionId[]> {
  const before = await pageHolder(browser, request)
  if (before === undefined) return []
  const { sid } = before.origin
  const cookies = ownCookies(request, browser)
  const held = await Promise.all(cookies.map((cookie) => browser.gateway.byCookie(cookie)))
  return held.some((session) => session?.origin.sid === sid) ? [] : [sid]
}

function tokenOf(text: string | undefined): Secret | undefined {
  if (text === undefined || text === '' || text.length > tokenLengthMax) return undefined
  return new Secret(text)
}

function over(context: HttpContext, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const look = lookOf(context, request)
  const said = { ...look.texts.console.linkOver, retryUrl: null, reference: request.id }
  const page = errorPage({ status: 410, ...said }, look)
  return sendPage(reply, page, 410)
}
