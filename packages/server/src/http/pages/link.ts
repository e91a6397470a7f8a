/**
 * Where a link or a form of a page may lead: http(s), or a path of the page's own origin. Null: nowhere,
 * and the link is left out. Whether the place may be returned to at all is decided in the gateway's
 * return-to.ts; this is the second lock, against `javascript:` and its kin (attack class C13).
 */
export function linkTarget(url: string | null): string | null {
  // Browsers drop tabs and line breaks and read \ as /; nothing honest has any of them.
  if (url === null || !/^[!-[\]-~]+$/.test(url)) return null
  if (url.startsWith('/')) return url.startsWith('//') ? null : url
  const parsed = /^https?:\/\/[^/]/i.test(url) ? URL.parse(url) : null
  if (parsed === null || parsed.username !== '' || parsed.password !== '') return null
  return parsed.href
}

/** Of what `linkTarget` returned: the host as browsers show it, or null for a path. */
export function hostOf(target: string): string | null {
  return URL.parse(target)?.host ?? null
}
