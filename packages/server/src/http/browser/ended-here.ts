import type { FastifyRequest } from 'fastify'
import { StoreUnavailable } from '#authority'
import type { EndReason } from '#domain'
import { ownCookies } from './cookies.ts'
import type { BrowserDeps } from './deps.ts'
import { pageCookieIn } from './page-cookie.ts'

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
