/*
 * A browser as far as a sign-in needs one: it follows redirects and keeps cookies. The provider's page is
 * skipped; what it would end in is asked of the provider itself.
 */
import { type IncomingHttpHeaders, request } from 'node:http'
import type { ScriptableProvider } from '../../../packages/server/test/oidc/scriptable-provider.ts'

/** Where a gateway is reached, and what a proxy in front of it would add. */
export interface Site {
  readonly origin: string
  readonly port: number
  readonly proxyHeaders: Readonly<Record<string, string>>
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
}

const hopsMax = 10

/** Signs in where `path` leads; the cookies that the browser has when it is back. */
export async function signIn(
  provider: ScriptableProvider,
  site: Site,
  path: string,
): Promise<ReadonlyMap<string, string>> {
  const cookies = new Map<string, string>()
  let url = new URL(path, site.origin)
  for (let hop = 0; hop < hopsMax; hop++) {
    if (url.origin === provider.issuer) {
      url = provider.authorize(url.href)
      continue
    }
    if (url.origin !== site.origin) return cookies
    const { status, headers } = await get(site, url, cookies)
    keep(cookies, headers['set-cookie'] ?? [])
    if (status === 200) return cookies
    if (headers.location === undefined) throw new Error(`${url.href} answered ${status}`)
    url = new URL(headers.location, url)
  }
  throw new Error(`the sign-in at ${site.origin} goes in circles`)
}

function get(site: Site, url: URL, cookies: ReadonlyMap<string, string>): Promise<Answer> {
  const options = {
    ...{ host: '127.0.0.1', port: site.port, path: url.pathname + url.search },
    headers: {
      ...site.proxyHeaders,
      host: url.host,
      accept: 'text/html',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      cookie: cookieHeader(cookies),
    },
  }
  return new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      response.resume()
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers }),
      )
    })
    sent.once('error', reject)
    sent.end()
  })
}

function keep(cookies: Map<string, string>, lines: readonly string[]): void {
  for (const line of lines) {
    const [pair = ''] = line.split(';')
    const name = pair.slice(0, pair.indexOf('='))
    const value = pair.slice(name.length + 1)
    const gone = value === '' || /;\s*(?:max-age=0\b|expires=thu, 01.jan.1970)/i.test(line)
    if (gone) cookies.delete(name)
    else cookies.set(name, value)
  }
}

export function cookieHeader(cookies: ReadonlyMap<string, string>): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
}
