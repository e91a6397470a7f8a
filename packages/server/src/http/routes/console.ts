import type { FastifyReply, FastifyRequest } from 'fastify'
import { answerBrowserError, sendPage } from '../browser/answers.ts'
import { lookOf } from '../browser/look.ts'
import { pageSession } from '../browser/page-cookie.ts'
import { queryOf } from '../browser/query.ts'
import type { App, HttpContext } from '../context.ts'
import { errorPage, forbiddenPage } from '../pages/index.ts'
import { Problem } from '../problems.ts'
import { consoleLinkRoutes } from './console-link.ts'
import { loginUrl } from './login.ts'

const tags = ['The console']
const config = { group: 'admin', who: 'browsers' } as const

/**
 * The web console, where the role admin counts: on the main listener, or on that of `server.adminListen`. The
 * page is for administrators; what it loads holds nothing that is not in the repository.
 */
export function consoleRoutes(app: App, context: HttpContext): void {
  app.setErrorHandler(answerBrowserError(context))
  app.get(
    '/console',
    { exposeHeadRoute: false, config, schema: { tags, summary: 'Leads to /console/' } },
    (_request, reply) => reply.redirect(`${pathOf(context)}/console/`, 302),
  )
  app.get(
    '/console/',
    {
      exposeHeadRoute: false,
      config,
      schema: { tags, summary: 'The web console, for administrators' },
    },
    (request, reply) => opened(context, request, reply),
  )
  app.get(
    '/console/assets/:name',
    { exposeHeadRoute: false, config, schema: { tags, summary: 'What the console loads' } },
    (request, reply) => asset(context, request, reply),
  )
  consoleLinkRoutes(app, context)
}

async function opened(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const session = await pageSession(context.browser, request)
  if (session === undefined) return signIn(context, request, reply)
  if (!context.authority.effectiveRoles(session).includes('admin')) {
    const { uid } = session.origin
    const look = lookOf(context, request)
    const detail = look.texts.console.forAdministrators(uid)
    const signOutUrl = `${context.settings.publicUrl}/signout`
    return sendPage(reply, forbiddenPage({ detail, signOutUrl, reference: request.id }, look), 403)
  }
  const page = await context.console.page()
  if (page === undefined) return notBuilt(context, request, reply)
  return reply
    .headers({ 'content-security-policy': consolePolicy, 'cache-control': 'no-cache' })
    .type('text/html; charset=utf-8')
    .send(page)
}

/**
 * By the provider, where there is one, and where its callback comes back to this listener: the page's cookie is
 * the host's that serves it. Else the way in is a link from the shell.
 */
function signIn(context: HttpContext, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { settings, browser } = context
  if (!settings.adminElsewhere && browser.providers.list().length > 0) {
    // The console has said itself why it was signed out.
    const told = queryOf(request)('told') !== undefined
    const returnTo = `${settings.publicUrl}/console/`
    return reply.redirect(loginUrl(context, { returnTo, told }), 302)
  }
  const look = lookOf(context, request)
  const said = { ...look.texts.console.byLink, retryUrl: null, reference: request.id }
  const page = errorPage({ status: 401, ...said }, look)
  return sendPage(reply, page, 401)
}

function notBuilt(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const look = lookOf(context, request)
  const said = { ...look.texts.console.notBuilt, retryUrl: null, reference: request.id }
  const page = errorPage({ status: 503, ...said }, look)
  return sendPage(reply.header('retry-after', '60'), page, 503)
}

async function asset(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { name } = request.params as { readonly name: string }
  const found = await context.console.asset(name)
  if (found === undefined) throw new Problem('not_found', { detail: 'There is no such file.' })
  // Its name holds a hash of what is in it.
  return reply
    .header('cache-control', 'public, max-age=31536000, immutable')
    .type(found.type)
    .send(found.body)
}

/** Of publicUrl, without a final slash: proxies keep it, whatever host they ask for. */
function pathOf({ settings }: HttpContext): string {
  return new URL(settings.publicUrl).pathname.replace(/\/$/, '')
}

const consolePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "form-action 'self'",
].join('; ')
