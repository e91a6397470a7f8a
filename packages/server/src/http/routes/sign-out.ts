import type { FastifyReply, FastifyRequest } from 'fastify'
import type { SignedOut } from '#authority'
import type { LiveSession, SessionId } from '#domain'
import { BrowserProblem, sendPage } from '../browser/answers.ts'
import { dropSessionCookie, ownCookies } from '../browser/cookies.ts'
import { isNoVisit, isOwnNavigation } from '../browser/fetch-metadata.ts'
import {
  type FormValue,
  formRoute,
  isOwnForm,
  requireOwnForm,
  type Visit,
} from '../browser/forms.ts'
import { lookOf } from '../browser/look.ts'
import { dropPageCookie, pageHolder } from '../browser/page-cookie.ts'
import { queryOf } from '../browser/query.ts'
import type { AfterSignOut } from '../browser/sign-out-tickets.ts'
import { parseUiLocales } from '../browser/ui-locales.ts'
import type { App, HttpContext } from '../context.ts'
import { confirmSignOutPage, signedOutPage } from '../pages/index.ts'
import { backToClient, hintUnread, leavingOf } from './end-session.ts'

const tags = ['Sign-in in browsers']
const config = { group: 'sign-in', who: 'browsers' } as const

/** What a sign-out was asked for; texts are as they came. */
interface Wish {
  readonly returnTo: string | undefined
  /** The application that the person came from. */
  readonly app: string | undefined
  readonly ticket: string | undefined
  /** Of a client that asks (OpenID Connect RP-Initiated Logout 1.0). */
  readonly rp: Readonly<Record<string, string>>
}

const rpParameters = ['client_id', 'post_logout_redirect_uri', 'state', 'ui_locales'] as const

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
  formRoute(
    app,
    context,
    { path: '/signout', config, schema: { tags, summary: 'The confirmation of a sign-out' } },
    confirmed,
  )
}

async function asked(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  return consider(context, request, reply, queryOf(request))
}

async function consider(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
  value: FormValue,
): Promise<FastifyReply> {
  const wish = wishOf(value)
  const { client, hint, unread } = leavingOf(context, value)
  const after = { ...afterOf(context, wish), client }
  if (hint !== undefined && !isNoVisit(request.headers)) {
    const going = { after, cookies: [], sids: [hint.sid], byClient: true }
    return goOn(context, request, reply, going)
  }
  const held = await holderOf(context, request, wish)
  const nobody = held.sids.length + held.cookies.length === 0 && showsCookies(context, request)
  if (nobody && unread) throw hintUnread()
  if (nobody || isOwnNavigation(request.headers)) {
    return goOn(context, request, reply, { after, byClient: false, ...held })
  }
  const { publicUrl } = context.settings
  const action = `${publicUrl}/signout`
  return sendPage(
    reply,
    confirmSignOutPage(
      { action, fields: fieldsOf(wish), uid: held.uid },
      lookOf(context, request, after.uiLocales),
    ),
  )
}

function wishOf(value: (name: string) => string | undefined): Wish {
  const given = rpParameters.flatMap((name) => {
    const text = value(name)
    return text === undefined ? [] : [[name, text] as const]
  })
  const rp = Object.fromEntries(given)
  return { returnTo: value('return_to'), app: value('app'), ticket: value('ticket'), rp }
}

/** What the confirmation brings back. */
function fieldsOf({ returnTo, app, ticket, rp }: Wish): Readonly<Record<string, string>> {
  return {
    ...rp,
    ...(returnTo === undefined ? {} : { return_to: returnTo }),
    ...(app === undefined ? {} : { app }),
    ...(ticket === undefined ? {} : { ticket }),
  }
}

/**
 * Would the browser have sent the cookie? A strict one stays away when another site opens the address, and
 * a lax one when it posts a form, yet the answer may clear it: another site would have signed the person
 * out, and left the session alive.
 */
function showsCookies({ browser }: HttpContext, { headers, method }: FastifyRequest): boolean {
  return method !== 'POST' && browser.cookie.sameSite !== 'strict' && !isNoVisit(headers)
}

async function confirmed(
  { context, request, reply }: Visit,
  value: FormValue,
): Promise<FastifyReply> {
  // A client's own page may send its ID token by a form (RP-Initiated Logout, section 2).
  if (value('id_token_hint') !== undefined && !isOwnForm(context, request)) {
    return consider(context, request, reply, value)
  }
  const detail = 'Another site asked to sign you out. Nothing has changed.'
  const retryUrl = `${context.settings.publicUrl}/signout`
  requireOwnForm(context, request, { detail, retryUrl })
  const wish = wishOf(value)
  const { client } = leavingOf(context, value)
  const after = { ...afterOf(context, wish), client }
  const held = await holderOf(context, request, wish)
  return goOn(context, request, reply, { after, byClient: false, ...held })
}

/** @throws BrowserProblem 400 for an address that a sign-out may not lead to (rule 27) */
function afterOf(
  { browser }: HttpContext,
  { returnTo, app, rp }: Wish,
): Omit<AfterSignOut, 'client'> {
  const allowed = (text: string | undefined): string | null => {
    if (text === undefined) return null
    const target = browser.targets().check(text)
    if (target.kind === 'allowed') return target.url
    const detail = 'The address to return to is not served here. You have not been signed out.'
    throw new BrowserProblem('return_to_refused', detail, { retryUrl: null })
  }
  const uiLocales = parseUiLocales(rp['ui_locales'])
  return { returnTo: allowed(returnTo), app: allowed(app), uiLocales }
}

async function holderOf({ browser }: HttpContext, request: FastifyRequest, { ticket }: Wish) {
  const sid = ticket === undefined ? undefined : browser.tickets.read(ticket)
  const cookies = ownCookies(request, browser)
  const sessions = await Promise.all([
    ...cookies.map((cookie) => browser.gateway.byCookie(cookie)),
    ...(sid === undefined ? [] : [browser.gateway.bySid(sid)]),
    pageHolder(browser, request),
  ])
  const uid = sessions.find((session) => session !== undefined)?.origin.uid ?? null
  const ofPages = sessions.at(-1)?.origin.sid
  return { uid, cookies, sids: [sid, ofPages].filter((one) => one !== undefined) }
}

/** From the account page: the session of the page's cookie ends, with whatever this browser holds beside it. */
export async function leave(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { origin }: LiveSession,
): Promise<FastifyReply> {
  const cookies = ownCookies(request, context.browser)
  const after = { returnTo: null, app: null, client: null, uiLocales: null }
  return goOn(context, request, reply, { after, byClient: false, cookies, sids: [origin.sid] })
}

interface Going {
  readonly after: AfterSignOut
  /** It is about a client's session: the browser's own cookie stays, and the provider's ID token stays here. */
  readonly byClient: boolean
  readonly cookies: readonly string[]
  readonly sids: readonly SessionId[]
}

/** The end is durable before the cookie goes: a store that is away is 503, and nothing is cleared. */
async function goOn(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { after, byClient, cookies, sids }: Going,
): Promise<FastifyReply> {
  const { browser, settings } = context
  const done = await browser.gateway.signOut({ cookies, sids: [...new Set(sids)] })
  if (!byClient) {
    dropSessionCookie(reply, browser)
    dropPageCookie(reply, browser)
  }
  const status = request.method === 'POST' ? 303 : 302
  const there = await atProvider(context, done, { after, byClient })
  if (there !== undefined) return reply.redirect(there, status)
  const back = backToClient(context, { request, reply }, after)
  if (back !== undefined) return back
  const here = new URL(`${settings.publicUrl}/signed-out`)
  if (after.app !== null) here.searchParams.set('state', browser.tickets.state(after))
  else if (after.uiLocales !== null) here.searchParams.set('ui_locales', after.uiLocales)
  return reply.redirect(after.returnTo ?? here.href, status)
}

function atProvider(
  { browser, settings }: HttpContext,
  { atProvider: there }: SignedOut,
  { after, byClient }: Pick<Going, 'after' | 'byClient'>,
): Promise<string | undefined> {
  if (there === null) return Promise.resolve(undefined)
  const returnUrl = `${settings.publicUrl}/signed-out`
  const state = isNowhere(after) ? null : browser.tickets.state(after)
  // What the provider says of the person was told to us, not to the client that reads this redirect.
  const idToken = byClient ? null : there.idToken
  return browser.signOutUrl({
    ...{ providerId: there.providerId, idToken, returnUrl, state },
    uiLocales: after.uiLocales,
  })
}

function isNowhere({ returnTo, app, client, uiLocales }: AfterSignOut): boolean {
  return returnTo === null && app === null && client === null && uiLocales === null
}

async function signedOut(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { browser } = context
  const after = browser.tickets.after(queryOf(request)('state'))
  const { returnTo, app } = after
  const toClient = backToClient(context, { request, reply }, after)
  if (toClient !== undefined) return toClient
  const target = returnTo === null ? undefined : browser.targets().check(returnTo)
  if (target?.kind === 'allowed') return reply.redirect(target.url, 302)
  const back = app === null ? undefined : browser.targets().check(app)
  const url = back?.kind === 'allowed' ? back.url : null
  const signInUrl = url === null ? `${context.settings.publicUrl}/login` : null
  const look = lookOf(context, request, after.uiLocales ?? undefined)
  return sendPage(reply, signedOutPage({ returnTo: url, signInUrl }, look))
}
