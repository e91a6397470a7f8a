/*
 * The two sides of every decision: what Curfew was asked and said yes to, and what the application then
 * received. Where they differ, a gateway can be walked around (attack classes C4 to C7, C23, C25).
 */
import type { ProxyName } from '../services/proxy-binaries.ts'
import type { Arrived } from './echo.ts'
import type { Witnessed } from './front.ts'
import type { Question } from './tap.ts'

export type Asked = { readonly method: string; readonly host: string; readonly target: string }

/** The original request in the words of the proxy's question. */
export function askedBy(name: ProxyName, { headers }: Question): Asked {
  if (name !== 'nginx') {
    const [method = '', host = '', target = ''] = ['method', 'host', 'uri'].map((part) =>
      headers.get(`x-forwarded-${part}`),
    )
    return { method, host, target }
  }
  const url = headers.get('x-original-url') ?? ''
  const [, host = '', target = ''] = /^https?:\/\/([^/]*)(.*)$/s.exec(url) ?? []
  return { method: headers.get('x-original-method') ?? '', host, target }
}

/** Arrivals that nobody was asked about in exactly these words, in order; empty when all is well. */
export function unasked(name: ProxyName, { asked, arrived }: Witnessed): string[] {
  const open = asked.map((question) => told(askedBy(name, question)))
  return arrived.flatMap((one) => {
    const wanted = told(received(one))
    const place = open.indexOf(wanted)
    if (place < 0) return [`${wanted} arrived; asked were ${JSON.stringify(open)}`]
    open.splice(0, place + 1)
    return []
  })
}

function received({ method, url, headers }: Arrived): Asked {
  return { method, host: headers.get('host') ?? '', target: url }
}

function told({ method, host, target }: Asked): string {
  return `${method} ${host.toLowerCase().replace(/\.?(?::\d+)?$/, '')} ${target}`
}

/**
 * All paths for which an application might take this target: as it is, as the URL Standard reads it,
 * decoded once and twice, with dot segments resolved, slashes merged, backslashes turned, parameters cut.
 */
export function readings(target: string): ReadonlySet<string> {
  const raw = target.replace(/^https?:\/\/[^/]*/, '').replace(/[?#].*$/s, '')
  const decoded = [raw, decode(raw), decode(decode(raw))]
  const cut = decoded.flatMap((path) => [
    path,
    path.replace(/[?#\0].*$/s, ''),
    path.replace(/;[^/]*/g, ''),
    path.replaceAll('\\', '/').replace(/;[^/]*/g, ''),
  ])
  const resolved = cut.flatMap((path) => [path, resolve(path), resolve(path.replace(/\/+/g, '/'))])
  const standard = URL.parse(target, 'http://app.example.com')?.pathname ?? raw
  return new Set([...resolved, standard, decode(standard)].map((path) => path.replace(/\/+/g, '/')))
}

function decode(path: string): string {
  return path.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

/** RFC 3986, section 5.2.4. */
function resolve(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '.') kept.push(segment)
  }
  return `/${kept.join('/').replace(/^\/+/, '')}`
}

/** As CGI, WSGI and PHP fold the names of headers. */
export function folded(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-')
}

/** Every value that an application might take for one of the identity headers. */
export function identityIn(
  { headers }: Arrived,
  names: readonly string[],
): Record<string, string[]> {
  return Object.fromEntries(
    names.map((name) => {
      const values = headers.list.filter(([one]) => folded(one) === folded(name))
      return [name, values.map(([, value]) => value).filter((value) => value !== '')]
    }),
  )
}
