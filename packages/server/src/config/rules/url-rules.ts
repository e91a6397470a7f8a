import { isLoopback } from '../addresses.ts'

/** As URL.parse, but that takes white space away, and what is compared by its text would keep it. */
export function parseUrl(text: string): URL | null {
  return /\s/.test(text) ? null : URL.parse(text)
}

/** Two ways to write one address: case, a default port and last slashes aside. */
export function isSameUrl(a: string, b: string): boolean {
  return inOneForm(a) === inOneForm(b)
}

function inOneForm(text: string): string {
  return (URL.parse(text)?.href ?? text).replace(/\/+$/, '')
}

/** https anywhere, http on a loopback host; undefined when it is well. */
export function webUrlProblem(text: string): string | undefined {
  const url = parseUrl(text)
  // It is not shown: what cannot be read may hold a password.
  if (url === null) return 'it is not a URL'
  if (url.username !== '' || url.password !== '') return 'it holds a user name or password'
  if (url.protocol === 'https:') return undefined
  if (url.protocol !== 'http:') return 'it is neither https nor http'
  return isLoopback(url.hostname) ? undefined : 'it is http, which only a loopback host may be'
}

/** RFC 6749 section 3.1.2 and RFC 8252 sections 7.1 and 7.3. */
export function redirectProblem(text: string): string | undefined {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined || parseUrl(text) === null) return 'it is not an absolute URI'
  if (text.includes('#')) return 'it has a fragment'
  if (text.includes('*')) return 'it has a wildcard, and redirects are compared exactly'
  if (scheme === 'http' || scheme === 'https') return webUrlProblem(text)
  return scheme.includes('.') ? undefined : `the scheme ${scheme} has no dot`
}

export function originProblem(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null || url.origin === 'null') return `${JSON.stringify(text)} is not an origin`
  const bare = text.replace(/\/$/, '')
  const isBare = url.pathname === '/' && url.search === '' && url.hash === '' && !/[?#@]/.test(bare)
  return isBare ? undefined : 'it has more than scheme, host and port'
}
