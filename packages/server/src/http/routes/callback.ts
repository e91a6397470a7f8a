import type { FastifyReply, FastifyRequest } from 'fastify'
import type { SignInAnswer } from '#authority'
import { type Instant, type LiveSession, toSeconds } from '#domain'
import type { Returned } from '#oidc'
import { BrowserProblem, problemOfFlow, type Remedy } from '../browser/answers.ts'
import { jarOf, ownCookies, setFlowCookies, setSessionCookie } from '../browser/cookies.ts'
import type { BrowserDeps } from '../browser/deps.ts'
import { handOffUrl } from '../browser/hand-off-url.ts'
import { leadsToPage, pageHolder, setPageCookie } from '../browser/page-cookie.ts'
import { rawQuery } from '../browser/query.ts'
import type { App, HttpContext } from '../context.ts'
import { userAgentOf } from '../user-agent.ts'
import { answerApplication } from './callback-application.ts'
import { limitSignIns, loginUrl } from './login.ts'

type SignedIn = Extract<Returned, { kind: 'signed-in' }>
type Failed = Exclude<Returned, SignedIn>

/** `GET /oidc/callback`: the provider's answer becomes a session. */
export function callbackRoute(app: App, context: HttpContext): void {
  app.get(
    '/oidc/callback',
    {
      // HEAD would redeem the code, and nobody would see the answer.
      exposeHeadRoute: false,
      config: { group: 'sign-in', who: 'browsers, from an identity provider' },
      schema: {
        tags: ['Sign-in in browsers'],
        summary: 'Where identity providers send browsers back to',
      },
    },
    (request, reply) => callback(context, request, reply),
  )
}

async function callback(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  limitSignIns(context, request)
  const came = { query: rawQuery(request), jar: jarOf(request) }
  const returned = await context.browser.flow.finish(came)
  setFlowCookies(reply, returned.cookies)
  const { app } = returned
  if (app !== null) return answerApplication(context, { request, reply, returned, app })
  if (returned.kind === 'failed') {
    context.metrics.count('curfew_sign_ins_total', { result: returned.code })
    return unfinished(context, request, reply, returned)
  }
  const { identity, fence } = returned
  const before = await sessionsOf(context.browser, request)
  const answer = await context.browser.gateway.signIn({
    identity,
    fence,
    previous: before.map(({ origin }) => origin.sid),
    ip: context.addresses.of(request.raw),
    userAgent: userAgentOf(request),
  })
  context.metrics.count('curfew_sign_ins_total', { result: answer.kind })
  if (answer.kind !== 'signed-in') throw refusal(context, answer, returned)
  return signedIn(context, reply, { returned, session: answer.session, now: answer.now })
}

async function sessionsOf(
  browser: BrowserDeps,
  request: FastifyRequest,
): Promise<readonly LiveSession[]> {
  const cookies = ownCookies(request, browser)
  const found = await Promise.all([
    ...cookies.map((cookie) => browser.gateway.byCookie(cookie)),
    pageHolder(browser, request),
  ])
  const sessions = found.filter((session) => session !== undefined)
  return [...new Map(sessions.map((session) => [session.origin.sid, session])).values()]
}

interface Done {
  readonly returned: SignedIn
  readonly session: LiveSession
  readonly now: Instant
}

function signedIn(
  { browser, settings }: HttpContext,
  reply: FastifyReply,
  { returned, session, now }: Done,
): FastifyReply {
  const { sid, absoluteExpiresAt } = session.origin
  const maxAgeSeconds = toSeconds(absoluteExpiresAt) - toSeconds(now)
  setSessionCookie(reply, browser, { value: browser.gateway.cookieOf(session), maxAgeSeconds })
  const { returnTo, binding } = returned
  const target = browser.targets().check(returnTo)
  if (leadsToPage(settings.publicUrl, returnTo)) {
    setPageCookie(reply, browser, { value: browser.gateway.pageCookieOf(session), maxAgeSeconds })
  }
  // The rules may have changed since /login: then it leads nowhere any more.
  if (target.kind !== 'allowed') {
    const detail = 'You are signed in, but the page that you wanted is not served any more.'
    throw new BrowserProblem('return_to_refused', detail, { retryUrl: null })
  }
  const handsOn = binding !== null && !browser.reaches(target.host)
  return reply.redirect(handsOn ? handOffUrl(browser, { sid, target, binding }) : target.url, 302)
}

/**
 * Whoever comes back to a callback that is over and has a session goes on to the target: the second tab,
 * the back button. One that took too long begins again. Everything else is explained.
 */
async function unfinished(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
  failure: Failed,
): Promise<FastifyReply> {
  const { code, returnTo, providerId } = failure
  context.log.info(
    { code, provider: providerId, why: failure.detail },
    'a sign-in was not finished',
  )
  const over = code === 'flow_used' || code === 'flow_expired'
  if (over && returnTo !== null) {
    const target = context.browser.targets().check(returnTo)
    const [session] = await sessionsOf(context.browser, request)
    if (session !== undefined && target.kind === 'allowed') return reply.redirect(target.url, 302)
    if (code === 'flow_expired') {
      return reply.redirect(loginUrl(context, { returnTo, idp: providerId, told: true }), 302)
    }
  }
  throw problemOfFlow(failure, remedyOf(context, failure))
}

function remedyOf(context: HttpContext, { code, retry, returnTo, providerId }: Failed): Remedy {
  const back = returnTo ?? `${context.settings.publicUrl}/`
  if (code === 'not_allowed' || code === 'claims_incomplete') {
    // The provider would send the same account back at once.
    const retryUrl = loginUrl(context, { returnTo: back, idp: providerId, prompt: 'login' })
    return { retryUrl, retryWith: 'anotherAccount' }
  }
  return { retryUrl: retry ? loginUrl(context, { returnTo: back }) : null }
}

function refusal(
  context: HttpContext,
  answer: Exclude<SignInAnswer, { kind: 'signed-in' }>,
  { returnTo }: SignedIn,
): BrowserProblem {
  const detail = {
    'fence-moved': 'You were signed out everywhere while you signed in. Sign in again.',
    'user-disabled': 'Your account is disabled here. Ask your administrator.',
    'provider-logged-out':
      'The sign-in service ended your session there before the sign-in was done. Sign in again.',
  }[answer.kind]
  const again = answer.kind !== 'user-disabled'
  const retryUrl = again ? loginUrl(context, { returnTo }) : null
  return new BrowserProblem('sign_in_denied', detail, { retryUrl })
}
