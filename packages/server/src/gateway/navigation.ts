import type { RequestFacts } from './original-request.ts'

/**
 * Whether a person opens a page, and may be sent to sign in (API.md, section 7). Fetch metadata decides
 * where a browser sends it: no script can forge it. A client that says nothing is no browser.
 */
export function isNavigation(method: string, facts: RequestFacts): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  const { secFetchMode: mode, secFetchDest: dest } = facts
  if (mode !== null || dest !== null) {
    return (mode ?? 'navigate') === 'navigate' && (dest ?? 'document') === 'document'
  }
  if (facts.xRequestedWith !== null || facts.upgrade !== null) return false
  return facts.accept?.toLowerCase().includes('text/html') ?? false
}

/** Fetch Standard, "CORS-preflight fetch". */
export function isPreflight(method: string, facts: RequestFacts): boolean {
  return method === 'OPTIONS' && facts.originHeader !== null && facts.corsMethod !== null
}
