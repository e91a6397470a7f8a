import formbody from '@fastify/formbody'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { SignedOut } from '#authority'
import { BrowserProblem, sendPage } from '../browser/answers.ts'
import { dropSessionCookie, ownCookies } from '../browser/cookies.ts'
import { isNoVisit, isOwnNavigation, isSameOrigin } from '../browser/fetch-metadata.ts'
import { dropPageCookie, pageSession } from '../browser/page-cookie.ts'
import { queryOf } from '../browser/query.ts'
import type { AfterSignOut } from '../browser/sign-out-tickets.ts'
import type { App, HttpContext } from '../context.ts'
import { parseForm } from '../oauth-form.ts'
import { confirmSignOutPage, signedOutPage } from '../pages/index.ts'

const tags = ['Sign-in in browsers']
const config = { group: 'sign-in', who: 'browsers' } as const

/** What a sign-out was asked for; texts are as they came. */
interface Wish {
  readonly returnTo: string | undefined
  /** The application that the person came from. */
  readonly app: string | undefined
  readonly ticket: string | undefined
}

/**
 * `/signout` (rule 29): acts at once when the person or a page of ours opened it, and asks first when
 * anything else may have. `/signed-out` is where the provider sends the browser afterwards.
 */
export function signOutRoutes(app: App, context: HttpContext): void {
  const get = { exposeHeadRoute: false, config } as const
  app.get(
    '/signout',
    { ...get, schema: { tags, summary: 'End the session here and at the provider' } },
    (request, reply) => asked(context, request, reply),
  )
  app.get(
    '/signed-out',
    { ...get, schema: { tags, summary: 'After a sign-out' } },
    (request, reply) => signedOut(context, request, reply),
  )
  void app.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers()
    void scope.register(formbody, { parser: (text) => ({ ...parseForm(text) }) })
    scope.post(
      '/signout',
      { config, schema: { tags, summary: 'The confirmation of a sign-out' } },
      (request, reply) => confirmed(context, request, reply),
    )
    done()
  })
}

async function asked(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const query = queryOf(request)
  const wish = { returnTo: query('return_to'), app: query('app'), ticket: query('ticket') }
  const after = afterOf(context, wish)
  const held = await holderOf(context, request, wish)
  const nobody = held.sids.length + held.cookies.length === 0 && showsCookies(context, request)
  if (nobody || isOwnNavigation(request.headers)) {
    return goOn(context, request, reply, { wish, after })
  }
  const { publicUrl } = context.settings
  const fields = Object.fromEntries(
    [
      ['return_to', wish.returnTo],
      ['app', wish.app],
      ['ticket', wish.ticket],
    ].filter(([, value]) => value !== undefined),
  ) as Record<string, string>
  return sendPage(
    reply,
    confirmSignOutPage({ action: `${publicUrl}/signout`, fields, uid: held.uid }),
  )
}

/**
 * Would the browser have sent the cookie? A strict one stays away when another site opens the address, yet
 * the answer may clear it: a link would have signed the person out, and left the session alive.
 */
function showsCookies({ browser }: HttpContext, { headers }: FastifyRequest): boolean {
  return browser.cookie.sameSite !== 'strict' && !isNoVisit(headers)
}

async function confirmed(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (!isSameOrigin(request.headers, new URL(context.settings.publicUrl).origin)) {
    const detail = 'Another site asked to sign you out. Nothing has changed.'
    throw new BrowserProblem('cross_site', detail, {
      retryUrl: `${context.settings.publicUrl}/signout`,
    })
  }
  const form = request.body as { readonly values?: ReadonlyMap<string, string> } | undefined
  const value = (name: string) => form?.values?.get(name)
  const wish = { returnTo: value('return_to'), app: value('app'), ticket: value('ticket') }
  return goOn(context, request, reply, { wish, after: afterOf(context, wish) })
}

/** @throws BrowserProblem 400 for an address that a sign-out may not lead to (rule 27) */
function afterOf({ browser }: HttpContext, { returnTo, app }: Wish): AfterSignOut {
  const allowed = (text: string | undefined): string | null => {
    if (text === undefined) return null
    const target = browser.targets().check(text)
    if (target.kind === 'allowed') return target.url
    const detail = 'The address to return to is not served here. You have not been signed out.'
    throw new BrowserProblem('return_to_refused', detail, { retryUrl: null })
  }
  return { returnTo: allowed(returnTo), app: allowed(app) }
}

async function holderOf({ browser }: HttpContext, request: FastifyRequest, { ticket }: Wish) {
  const sid = ticket === undefined ? undefined : browser.tickets.read(ticket)
  const cookies = ownCookies(request, browser)
  const sessions = await Promise.all([
    ...cookies.map((cookie) => browser.gateway.byCookie(cookie)),
    ...(sid === undefined ? [] : [browser.gateway.bySid(sid)]),
    pageSession(browser, request),
  ])
  const uid = sessions.find((session) => session !== undefined)?.origin.uid ?? null
  const ofPages = sessions.at(-1)?.origin.sid
  return { uid, cookies, sids: [sid, ofPages].filter((one) => one !== undefined) }
}

interface Going {
  readonly wish: Wish
  readonly after: AfterSignOut
}

/** The end is durable before the cookie goes: a store that is away is 503, and nothing is cleared. */
async function goOn(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { wish, after }: Going,
): Promise<FastifyReply> {
  const { browser, settings } = context
  const sid = wish.ticket === undefined ? undefined : browser.tickets.read(wish.ticket)
  const ofPages = (await pageSession(browser, request))?.origin.sid
  const done = await browser.gateway.signOut({
    cookies: ownCookies(request, browser),
    sids: [...new Set([sid, ofPages].filter((one) => one !== undefined))],
  })
  dropSessionCookie(reply, browser)
  dropPageCookie(reply, browser)
  const status = request.method === 'POST' ? 303 : 302
  const there = await atProvider(context, done, after)
  if (there !== undefined) return reply.redirect(there, status)
  const here = new URL(`${settings.publicUrl}/signed-out`)
  if (after.app !== null) here.searchParams.set('state', browser.tickets.state(after))
  return reply.redirect(after.returnTo ?? here.href, status)
}

function atProvider(
  { browser, settings }: HttpContext,
  done: SignedOut,
  after: AfterSignOut,
): Promise<string | undefined> {
  if (done.atProvider === null) return Promise.resolve(undefined)
  const returnUrl = `${settings.publicUrl}/signed-out`
  const state = after.returnTo === null && after.app === null ? null : browser.tickets.state(after)
  return browser.signOutUrl({ ...done.atProvider, returnUrl, state })
}

async function signedOut(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { browser } = context
  const { returnTo, app } = browser.tickets.after(queryOf(request)('state'))
  const target = returnTo === null ? undefined : browser.targets().check(returnTo)
  if (target?.kind === 'allowed') return reply.redirect(target.url, 302)
  const back = app === null ? undefined : browser.targets().check(app)
  const url = back?.kind === 'allowed' ? back.url : null
  const signInUrl = url === null ? `${context.settings.publicUrl}/login` : null
  return sendPage(reply, signedOutPage({ returnTo: url, signInUrl }))
}
