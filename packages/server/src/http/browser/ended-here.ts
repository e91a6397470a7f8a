import type { FastifyRequest } from 'fastify'
import { StoreUnavailable } from '#authority'
import type { EndReason } from '#domain'
import { ownCookies } from './cookies.ts'
import type { BrowserDeps } from './deps.ts'
import { hasReader } from './fetch-metadata.ts'
import { pageCookieIn, pageHolder } from './page-cookie.ts'

/**
 * Why the session that this browser still has a cookie of was ended, so that the device that was signed out
 * can be told. Whoever signs out here has no cookie afterwards: it was done elsewhere. The cookie's MACs
 * and its row say so, and nobody else is told.
 */
export async function endedHere(
  browser: BrowserDeps,
  request: FastifyRequest,
): Promise<EndReason | null> {
  const page = pageCookieIn(request.raw, browser.cookie)
  const cookies = [...ownCookies(request, browser), ...(page === undefined ? [] : [page])]
  try {
    const ends = await Promise.all(cookies.map((cookie) => browser.gateway.endBehind(cookie)))
    return ends.find((end) => end !== undefined)?.reason ?? null
  } catch (error) {
    // A courtesy: what the person came for says by itself that the store is away.
    if (error instanceof StoreUnavailable) return null
    throw error
  }
}

/**
 * No news for whoever is sent to sign in: the person did it, here or at the provider, or did nothing for too
 * long. Everything else, an administrator's own words too, is somebody else's doing.
 */
const noNews: ReadonlySet<string> = new Set([
  ...['user_logout', 'user_logout_all', 'user_logout_others'],
  ...['expired', 'idp_logout', 'idp_refused'],
])

/**
 * The same for a browser that is about to be sent to its only provider, which may sign the person in again
 * without a word: what they have to read before, if there is anything, and nobody is signed in here.
 */
export async function newsOfEnd(
  browser: BrowserDeps,
  request: FastifyRequest,
): Promise<EndReason | null> {
  if (!hasReader(request.headers)) return null
  const reason = await endedHere(browser, request)
  if (reason === null || noNews.has(reason)) return null
  return (await isSignedIn(browser, request)) ? null : reason
}

async function isSignedIn(browser: BrowserDeps, request: FastifyRequest): Promise<boolean> {
  const cookies = ownCookies(request, browser)
  const sessions = await Promise.all([
    ...cookies.map((cookie) => browser.gateway.byCookie(cookie)),
    pageHolder(browser, request),
  ])
  return sessions.some((session) => session !== undefined)
}
