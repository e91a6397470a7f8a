import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { clearCookie, readCookies, setCookie, withoutSpaces } from '#gateway'
import type { CookieJar, CookieOrder } from '#oidc'
import type { BrowserDeps } from './deps.ts'

/** The gateway's cookies of a browser: usually one, several where domains overlap. */
export function ownCookies(request: FastifyRequest, { cookie }: BrowserDeps): readonly string[] {
  const { own } = readCookies(cookieHeaders(request), cookie.name)
  return own.filter((value) => value.startsWith('cfc_'))
}

/** The cookies of a sign-in under way, by name; of two with one name the first, as browsers sort them. */
export function jarOf(request: Arrived): CookieJar {
  const pairs = cookieHeaders(request).flatMap((header) => header.split(';'))
  const jar = new Map<string, string>()
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    const name = withoutSpaces(pair.slice(0, equals))
    if (equals > 0 && !jar.has(name)) jar.set(name, withoutSpaces(pair.slice(equals + 1)))
  }
  return (name) => jar.get(name)
}

export function setFlowCookies(reply: FastifyReply, orders: readonly CookieOrder[]): void {
  for (const order of orders) reply.header('set-cookie', flowCookie(order))
}

export function setSessionCookie(
  reply: FastifyReply,
  { cookie }: BrowserDeps,
  { value, maxAgeSeconds }: { readonly value: string; readonly maxAgeSeconds: number },
): void {
  reply.header('set-cookie', setCookie({ ...cookie, hostOnly: false }, value, maxAgeSeconds))
}

export function dropSessionCookie(reply: FastifyReply, { cookie }: BrowserDeps): void {
  reply.header('set-cookie', clearCookie({ ...cookie, hostOnly: false }))
}

function flowCookie({ name, value, path, maxAgeSeconds, secure }: CookieOrder): string {
  const attributes = [`Path=${path}`, `Max-Age=${maxAgeSeconds}`, 'HttpOnly', 'SameSite=Lax']
  return [`${name}=${value}`, ...attributes, ...(secure ? ['Secure'] : [])].join('; ')
}

type Arrived = { readonly raw: Pick<IncomingMessage, 'rawHeaders'> }

/** From the raw list: of several headers Node would join, and of some proxies each tab has its own. */
function cookieHeaders({ raw }: Arrived): readonly string[] {
  const { rawHeaders } = raw
  return rawHeaders.filter(
    (_value, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'cookie',
  )
}
