/* A person whose browser reaches Curfew and the application through one proxy, and nothing else. */
import { CookieJar } from '#test/gateway/cookie-jar.ts'
import type { ScriptableProvider } from '#test/oidc/scriptable-provider.ts'
import type { Front } from './front.ts'
import { app, type House } from './house.ts'
import { exchange, type RawAnswer } from './raw-http.ts'

/** What a browser sends when a page is opened. */
export const navigation: readonly string[] = [
  ...['Sec-Fetch-Mode', 'navigate', 'Sec-Fetch-Dest', 'document', 'Sec-Fetch-Site', 'none'],
  ...['Accept', 'text/html,application/xhtml+xml,*/*;q=0.8'],
]

/** What the provider says of them. */
const people = {
  pilot: {
    subject: 'alice',
    claims: { email: 'alice@example.com', email_verified: true, roles: ['pilot'] },
  },
  ops: {
    subject: 'olga',
    claims: { email: 'olga@example.com', email_verified: true, roles: ['ops', 'pilot'] },
  },
  /** Has neither an address nor a role. */
  stranger: { subject: 'bob', claims: {} },
} as const

/** Somebody who has signed in through this proxy and stands before the application. */
export async function signedIn(
  { proxy }: Front,
  { provider }: House,
  who: keyof typeof people = 'pilot',
): Promise<Person> {
  provider.subject = people[who].subject
  provider.claims = people[who].claims
  const person = new Person(proxy, provider)
  const answer = await person.browse(`${app}/welcome`)
  if (answer.status !== 200) throw new Error(`no sign-in: ${answer.status} ${answer.body}`)
  return person
}

export type Visit = {
  readonly method?: string
  readonly headers?: readonly string[]
  readonly body?: string
}

const hopsMax = 12

export class Person {
  readonly jar = new CookieJar()
  /** Every address that the browser was led to, the last one at the end. */
  readonly trail: string[] = []
  readonly #proxy: { readonly port: number }
  readonly #provider: ScriptableProvider

  constructor(proxy: { readonly port: number }, provider: ScriptableProvider) {
    this.#proxy = proxy
    this.#provider = provider
  }

  /** One request with nothing but its cookies and the headers given. */
  async send(
    address: string,
    { method = 'GET', headers = [], body }: Visit = {},
  ): Promise<RawAnswer> {
    const url = new URL(address)
    const cookie = this.jar.header(url)
    const answer = await exchange(this.#proxy.port, {
      method,
      // As it stands in the address: the parser would tidy it up.
      target: address.slice(url.origin.length) || '/',
      headers: ['Host', url.host, ...headers, ...(cookie === undefined ? [] : ['Cookie', cookie])],
      ...(body === undefined ? {} : { body }),
    })
    this.jar.take(url, answer.headers.all('set-cookie'))
    return answer
  }

  /** One page, without following redirects. */
  open(address: string, visit: Visit = {}): Promise<RawAnswer> {
    return this.send(address, { ...visit, headers: [...navigation, ...(visit.headers ?? [])] })
  }

  /** Opens a page and goes wherever it leads, through the sign-in. The last answer is not a redirect. */
  async browse(address: string): Promise<RawAnswer> {
    let next = address
    for (let hop = 0; hop < hopsMax; hop++) {
      this.trail.push(next)
      const answer = await this.open(next)
      const location = answer.headers.get('location')
      if (location === undefined || answer.status < 300 || answer.status > 399) return answer
      next = this.#led(new URL(location, next).href)
    }
    throw new Error(`more than ${hopsMax} redirects:\n${this.trail.join('\n')}`)
  }

  /** The `Cookie` header for an address, for requests that are made by hand. */
  cookies(address: string): string[] {
    const cookie = this.jar.header(new URL(address))
    return cookie === undefined ? [] : ['Cookie', cookie]
  }

  #led(address: string): string {
    const { issuer } = this.#provider
    if (address.startsWith(`${issuer}/authorize`)) return this.#provider.authorize(address).href
    if (!address.startsWith(`${issuer}/end-session`)) return address
    const { searchParams } = new URL(address)
    const back = new URL(searchParams.get('post_logout_redirect_uri') ?? '')
    back.searchParams.set('state', searchParams.get('state') ?? '')
    return back.href
  }
}
