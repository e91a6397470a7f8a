/*
 * The cookie of Curfew's own pages (rule 15): on the public host alone, of its own MAC purpose, set when a
 * sign-in was for such a page. The gateway's cookie reaches applications, and opens none of these pages.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { LiveSession } from '#domain'
import { clearCookie, setCookie } from '#gateway'
import { jarOf } from './cookies.ts'
import type { BrowserDeps } from './deps.ts'

/** Below publicUrl. */
const pages = ['/device', '/account']

/** Whether a sign-in that returns there is for a page of ours. */
export function leadsToPage(publicUrl: string, returnTo: string): boolean {
  const { origin, pathname } = new URL(publicUrl)
  const target = new URL(returnTo, publicUrl)
  const base = pathname.replace(/\/$/, '')
  return target.origin === origin && pages.some((page) => target.pathname === `${base}${page}`)
}

/** The live session whose pages this browser may open, by its row. */
export async function pageSession(
  browser: BrowserDeps,
  request: FastifyRequest,
): Promise<LiveSession | undefined> {
  const value = jarOf(request)(nameOf(browser))
  return value?.startsWith('cfp_') === true ? browser.gateway.byPageCookie(value) : undefined
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
  return { name: nameOf(browser), domain: null, sameSite: 'lax', secure, hostOnly: true }
}

function nameOf({ cookie }: BrowserDeps): string {
  return cookie.secure ? '__Host-curfew-page' : 'curfew-page'
}
