/*
 * A person with a browser in front of a reverse proxy that asks Curfew. What goes to an application's host
 * is described to /forward-auth as Traefik would; what goes to publicUrl is sent there; a redirect to the
 * provider's page is answered as a person who signs in at once would.
 */
import type { ScriptableProvider } from '#test/oidc/scriptable-provider.ts'
import { CookieJar } from './cookie-jar.ts'
import { type HeaderPairs, type Reply, sendRaw } from './wire.ts'

export interface Estate {
  /** Where the replica that is asked listens. */
  readonly url: string
  readonly publicUrl: string
  readonly provider: Pick<ScriptableProvider, 'issuer' | 'authorize'>
  /** Hangs up. */
  readonly signal?: AbortSignal
}

export interface Visit {
  readonly method?: string
  readonly headers?: HeaderPairs
  readonly body?: string
}

/** A browser that opens a page. */
export const navigation: HeaderPairs = [
  ['Sec-Fetch-Mode', 'navigate'],
  ['Sec-Fetch-Dest', 'document'],
  ['Accept', 'text/html,application/xhtml+xml'],
]

const hopsMax = 12

export class Visitor {
  readonly jar = new CookieJar()
  readonly #estate: Estate
  /** Every address that the browser was led to, the last one at the end. */
  readonly trail: string[] = []

  constructor(estate: Estate) {
    this.#estate = estate
  }

  /** One request of a page, without following redirects. */
  async open(address: string, visit: Visit = {}): Promise<Reply> {
    return this.send(address, { ...visit, headers: [...navigation, ...(visit.headers ?? [])] })
  }

  /** One request with nothing but its cookies and the headers given. */
  async send(address: string, { method = 'GET', headers = [], body }: Visit = {}): Promise<Reply> {
    const url = new URL(address)
    const cookie = this.jar.header(url)
    const all: HeaderPairs = cookie === undefined ? headers : [...headers, ['Cookie', cookie]]
    const reply = await this.#deliver(url, {
      method,
      headers: all,
      ...(body === undefined ? {} : { body }),
    })
    this.jar.take(url, reply.setCookies)
    return reply
  }

  /** Opens a page and goes wherever it leads, through the sign-in. The last answer is not a redirect. */
  async browse(address: string, visit: Visit = {}): Promise<Reply> {
    let next = address
    for (let hop = 0; hop < hopsMax; hop++) {
      this.trail.push(next)
      const reply = await this.open(next, hop === 0 ? visit : {})
      const { location } = reply.headers
      if (location === undefined || reply.status < 300 || reply.status > 399) return reply
      next = this.#led(new URL(location, next).href)
    }
    throw new Error(`more than ${hopsMax} redirects:\n${this.trail.join('\n')}`)
  }

  /** Up to the callback, which is not opened yet: its address. */
  async begin(address: string): Promise<string> {
    const first = await this.open(address)
    const login = first.headers['location'] ?? ''
    const second = login.includes('/login?') ? await this.open(login) : first
    const authorize = second.headers['location'] ?? ''
    if (!authorize.startsWith(this.#estate.provider.issuer)) {
      throw new Error(
        `no way to the provider: ${second.status} ${authorize} ${second.body.slice(-600)}`,
      )
    }
    return this.#estate.provider.authorize(authorize).href
  }

  #led(address: string): string {
    const { provider } = this.#estate
    return address.startsWith(`${provider.issuer}/authorize`)
      ? provider.authorize(address).href
      : address
  }

  #deliver(
    url: URL,
    order: { readonly method: string; readonly headers: HeaderPairs; readonly body?: string },
  ): Promise<Reply> {
    const { publicUrl, url: listens, signal } = this.#estate
    const hanging = signal === undefined ? {} : { signal }
    if (url.href === publicUrl || url.href.startsWith(`${publicUrl}/`)) {
      const there = new URL(listens + url.href.slice(publicUrl.length))
      return sendRaw(there, {
        ...order,
        ...hanging,
        headers: [['Host', url.host], ...order.headers],
      })
    }
    return sendRaw(new URL(`${listens}/forward-auth?mode=traefik`), {
      method: 'GET',
      headers: [...asTraefik(url, order.method), ...order.headers],
      ...hanging,
    })
  }
}

export function asTraefik(url: URL, method = 'GET'): HeaderPairs {
  return [
    ['X-Forwarded-Method', method],
    ['X-Forwarded-Proto', url.protocol.slice(0, -1)],
    ['X-Forwarded-Host', url.host],
    ['X-Forwarded-Uri', url.pathname + url.search],
  ]
}
