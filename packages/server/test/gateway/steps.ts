/* What tests of the gateway do again and again: sign in, and look whether somebody is signed in. */
import { clients, type JsonObject } from '#test/harness/index.ts'
import { app, type Gate } from './gate.ts'
import type { Visitor } from './visitor.ts'
import type { HeaderPairs, Reply } from './wire.ts'

/** What a script of a page sends. */
export const byScript: HeaderPairs = [
  ['Sec-Fetch-Mode', 'cors'],
  ['Sec-Fetch-Dest', 'empty'],
  ['Accept', 'application/json'],
]

export const home = `${app}/`

/** A browser that has signed in by opening a page. */
export async function signedIn(gate: Gate, address = home): Promise<Visitor> {
  const visitor = gate.visitor()
  const reply = await visitor.browse(address)
  if (reply.status !== 200) throw new Error(`no way in: ${reply.status} ${titleOf(reply)}`)
  return visitor
}

/** What a page and a script of the application are told: 200 and 200, or 302 and 401. */
export async function standing(visitor: Visitor, address = home): Promise<readonly number[]> {
  const page = await visitor.open(address)
  const script = await visitor.send(address, { headers: byScript })
  return [page.status, script.status]
}

export const inside = [200, 200]
export const outside = [302, 401]

/** Up to the provider, which has not been opened yet: where the browser is sent. */
export async function toProvider(visitor: Visitor, address = home): Promise<URL> {
  const login = (await visitor.open(address)).headers['location'] ?? ''
  const reply = await visitor.open(login)
  const { location } = reply.headers
  if (location === undefined) throw new Error(`no way to the provider: ${reply.status}`)
  return new URL(location)
}

/** What a page says first. */
export function titleOf({ body }: Pick<Reply, 'body'>): string {
  return /<h1>([^<]*)/.exec(body)?.[1] ?? body.slice(0, 200)
}

/** The session cookie of a browser. */
export function cookieOf(visitor: Visitor, address = home): string {
  return visitor.jar.value(new URL(address), 'curfew') ?? ''
}

/** The user's sessions as an admin sees them, the newest first. */
export async function sessionsOf(gate: Gate, uid = 'main:alice'): Promise<readonly JsonObject[]> {
  const answer = await gate.curfew.api.get('/admin/sessions', {
    as: clients.operator,
    query: { uid },
  })
  return answer.items
}

/** The first address of a page that contains `part`, as a browser reads it. */
export function linkIn({ body }: Pick<Reply, 'body'>, part: string): string {
  const hrefs = [...body.matchAll(/href="([^"]*)"/g)].map(([, href = '']) => href)
  const decoded = hrefs.map((href) =>
    href.replace(/&#(\d+);/g, (_whole, code) => String.fromCodePoint(Number(code))),
  )
  const found = decoded.find((href) => href.includes(part))
  if (found === undefined) throw new Error(`no link with ${part} in:\n${decoded.join('\n')}`)
  return found
}
