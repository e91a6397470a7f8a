/*
 * The cookie of Curfew's own pages (rule 15): on the public host alone, of its own MAC purpose, set when a
 * sign-in was for such a page. The gateway's cookie reaches applications, and opens none of these pages.
 * Curfew's own API takes it too, where no token comes in a header (callers.ts).
 */
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { LiveSession } from '#domain'
import { clearCookie, setCookie } from '#gateway'
import { jarOf } from './cookies.ts'
import type { BrowserDeps } from './deps.ts'

/** Below publicUrl, and nothing else below them: another page there may be an application's. */
const pages = ['/device', '/account', '/account/', '/console', '/console/']

/** Whether a sign-in that returns there is for a page of ours. */
export function leadsToPage(publicUrl: string, returnTo: string): boolean {
  const { origin, pathname } = new URL(publicUrl)
  const target = new URL(returnTo, publicUrl)
  const base = pathname.replace(/\/$/, '')
  return target.origin === origin && pages.some((page) => target.pathname === `${base}${page}`)
}

/** The live session whose pages this browser may open, by its row. @throws StoreUnavailable */
export async function pageSession(
  browser: BrowserDeps,
  request: FastifyRequest,
): Promise<LiveSession | undefined> {
  const session = await pageHolder(browser, request)
  if (session === undefined) return undefined
  return (await browser.gateway.isVouchedFor(session)) ? session : undefined
}

/**
 * The same, whether or not its provider still vouches for it: to be ended or replaced, which waits for no
 * provider that is away, and leaves nobody signed in whose cookie goes.
 */
export async function pageHolder(
  browser: BrowserDeps,
  request: FastifyRequest,
): Promise<LiveSession | undefined> {
  const value = pageCookieIn(request.raw, browser.cookie)
  return value === undefined ? undefined : browser.gateway.byPageCookie(value)
}

/** What stands under the name and says that it is such a cookie; proves nothing. */
export function pageCookieIn(
  raw: Pick<IncomingMessage, 'rawHeaders'>,
  cookie: Pick<BrowserDeps['cookie'], 'secure'>,
): string | undefined {
  const value = jarOf({ raw })(nameOf(cookie))
  return value?.startsWith('cfp_') === true ? value : undefined
}

export function setPageCookie(
  reply: FastifyReply,
  browser: BrowserDeps,
  { value, maxAgeSeconds }: { readonly value: string; readonly maxAgeSeconds: number },
): void {
  reply.header('set-cookie', setCookie(orderOf(browser), value, maxAgeSeconds))
}

export function dropPageCookie(reply: FastifyReply, browser: BrowserDeps): void {
  reply.header('set-cookie', clearCookie(orderOf(browser)))
}

/** Lax: a QR code is opened from elsewhere. What changes anything is a form of the page (rule 29). */
function orderOf(browser: BrowserDeps): Parameters<typeof setCookie>[0] {
  const { secure } = browser.cookie
  return { name: nameOf(browser.cookie), domain: null, sameSite: 'lax', secure, hostOnly: true }
}

function nameOf({ secure }: Pick<BrowserDeps['cookie'], 'secure'>): string {
  return secure ? '__Host-curfew-page' : 'curfew-page'
}
