import type { OriginalRequest } from './original-request.ts'

type Asked = Pick<OriginalRequest, 'method' | 'facts'>

/**
 * Whether a person opens a page, and may be sent to sign in (API.md, section 7). Fetch metadata decides
 * where a browser sends it: no script can forge it. A client that says nothing is no browser.
 */
export function isNavigation(asked: Asked): boolean {
  if (asked.method !== 'GET' && asked.method !== 'HEAD') return false
  const { facts } = asked
  const { secFetchMode: mode, secFetchDest: dest } = facts
  if (mode !== null || dest !== null) {
    return (mode ?? 'navigate') === 'navigate' && (dest ?? 'document') === 'document'
  }
  if (facts.xRequestedWith !== null || facts.upgrade !== null) return false
  return facts.accept?.toLowerCase().includes('text/html') ?? false
}

/** Fetch Standard, "CORS-preflight fetch". */
export function isPreflight(asked: Asked): boolean {
  // First of all: nearly every request is none, and is spared the search for the other two.
  if (asked.method !== 'OPTIONS') return false
  const { originHeader, corsMethod } = asked.facts
  return originHeader !== null && corsMethod !== null
}
