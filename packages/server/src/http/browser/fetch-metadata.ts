import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether the person, or a page of our own, asked to be signed out by opening an address (rule 29): a
 * top-level navigation from here or from nowhere, and no prefetch. Browsers write these headers, and no
 * page can (Fetch Metadata Request Headers); a client that does not send them is asked first.
 */
export function isOwnNavigation(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site']
  return (
    (site === 'same-origin' || site === 'none') &&
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document' &&
    headers['sec-purpose'] === undefined &&
    headers['purpose'] === undefined
  )
}

/**
 * Whether a browser opened the address itself. Whoever takes JSON as well, or does not name HTML, is a program,
 * and gets problem JSON.
 */
export function isPageVisit(
  method: string,
  { accept = '', 'sec-fetch-mode': mode = 'navigate' }: IncomingHttpHeaders,
): boolean {
  const readsHtml = /\btext\/html\b/i.test(accept) && !/\bjson\b/i.test(accept)
  return (method === 'GET' || method === 'HEAD') && mode === 'navigate' && readsHtml
}

/**
 * Whether somebody is there to read a page: a browser says of a navigation all three, a program that follows
 * redirects seldom one of them.
 */
export function hasReader(headers: IncomingHttpHeaders): boolean {
  return (
    headers['sec-fetch-site'] !== undefined &&
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document'
  )
}

/** Rule 29: whether an unsafe request that brings a cookie comes from a page of ours. */
export function isSameOrigin(headers: IncomingHttpHeaders, ownOrigin: string): boolean {
  return headers.origin === ownOrigin || headers['sec-fetch-site'] === 'same-origin'
}

/**
 * Whether a page of another origin had the browser send this, cookies and all. It cannot read the answer, and
 * still could time it, or hold all of the person's event streams.
 */
export function isOtherSites(headers: IncomingHttpHeaders, ownOrigin: string): boolean {
  const { origin, 'sec-fetch-site': site } = headers
  if (isSameOrigin(headers, ownOrigin)) return false
  return origin !== undefined || site === 'cross-site' || site === 'same-site'
}

/**
 * A browser that fetches an address for a page, to show it inside of one, or ahead of anybody's wish: nobody
 * signs in so, and any page on the web can have it done from its visitors' addresses.
 */
export function isNoVisit(headers: IncomingHttpHeaders): boolean {
  const { 'sec-fetch-mode': mode = 'navigate', 'sec-fetch-dest': dest } = headers
  if (headers['sec-purpose'] !== undefined) return true
  // Browsers always name a destination; programs such as Node's fetch send a mode alone.
  return dest !== undefined && (dest !== 'document' || mode !== 'navigate')
}
