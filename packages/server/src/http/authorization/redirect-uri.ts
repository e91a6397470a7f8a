/*
 * Redirect URIs are compared as texts (RFC 9700, section 2.1): nothing is parsed, decoded or normalised, so
 * there is no second reading of an address that could lead elsewhere.
 */

/** RFC 8252, section 7.3: an application on the person's own machine listens wherever there is room. */
const loopback = /^http:\/\/(127\.0\.0\.1|\[::1\])(?::([1-9]\d{0,4}))?(\/[^#]*)?$/

export function isRegistered(registered: readonly string[], presented: string): boolean {
  return registered.some((uri) => uri === presented || sameButPort(uri, presented))
}

function sameButPort(registered: string, presented: string): boolean {
  const [, host, , rest = ''] = loopback.exec(registered) ?? []
  const [, presentedHost, port, presentedRest = ''] = loopback.exec(presented) ?? []
  if (host === undefined || host !== presentedHost || rest !== presentedRest) return false
  return port === undefined || Number(port) <= 65_535
}

/** The scheme alone says that only the site of that name gets the answer (rule 33). */
export function isHttps(uri: string): boolean {
  return /^https:\/\//i.test(uri)
}

/** What was registered stays as it is; every value is encoded, line breaks and all. */
export function withParameters(
  uri: string,
  parameters: Readonly<Record<string, string | null>>,
): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null) query.set(name, value)
  }
  const text = query.toString()
  if (text === '') return uri
  if (!uri.includes('?')) return `${uri}?${text}`
  return /[?&]$/.test(uri) ? uri + text : `${uri}&${text}`
}
