import { canonicalHost, formatHost } from './canonical.ts'
import { type Dialect, dialects, type Mode, type Refusal, refusal } from './original-request.ts'
import type { PublicPlace, RuleSettings } from './settings.ts'

/** Which dialect a sub-request speaks, from its own target. */
export type Endpoint =
  | { readonly kind: 'ask'; readonly dialect: Dialect; readonly below: string }
  | Refusal
  /** Not forward auth at all. */
  | undefined

/** `path` is that of forward auth, with the base path of publicUrl. */
export function readEndpoint(url: string, path: string): Endpoint {
  if (!url.startsWith(path)) return undefined
  const below = url.slice(path.length)
  // Envoy appends the original path and its query: a `mode` in there is the application's own.
  if (below.startsWith('/')) return { kind: 'ask', dialect: dialects.envoy, below }
  if (below === '') return { kind: 'ask', dialect: dialects.forwarded, below }
  return below.startsWith('?') ? fromQuery(below) : undefined
}

function fromQuery(query: string): Endpoint {
  const usual = usualQueries.get(query)
  return usual === undefined ? parseQuery(query) : { kind: 'ask', dialect: usual, below: '' }
}

/** Spared the parser, since every request of a proxy has one of these. */
const usualQueries: ReadonlyMap<string, Dialect> = new Map(
  Object.values(dialects)
    .filter(({ mode }) => mode !== 'forwarded')
    .map((dialect) => [`?mode=${dialect.mode}`, dialect]),
)

function parseQuery(query: string): Endpoint {
  const modes = new URLSearchParams(query).getAll('mode')
  const [mode] = modes
  if (mode === undefined) return { kind: 'ask', dialect: dialects.forwarded, below: '' }
  if (modes.length > 1 || !isMode(mode)) {
    return refusal(
      'unknown_mode',
      'forward auth knows mode=traefik, caddy, haproxy, nginx and envoy, one at a time',
    )
  }
  return { kind: 'ask', dialect: dialects[mode], below: '' }
}

function isMode(text: string): text is Mode {
  return Object.hasOwn(dialects, text) && text !== 'forwarded'
}

/**
 * Whether a request came for the public host itself, where forward auth is 404 (rule 26): through it,
 * anybody could describe requests to us by the mouth of a trusted proxy. A proxy that finds its way by the
 * name alone passes on whatever port the client has written, so another port is the public host as well,
 * unless a rule names it. On a loopback publicUrl, which is for development, proxies and people use the same
 * address, and this is never the case.
 */
export function cameForPublicHost(
  place: PublicPlace,
  rules: readonly Pick<RuleSettings, 'hosts'>[],
): (rawHeaders: readonly string[]) => boolean {
  const url = new URL(place.origin)
  if (isLoopback(url.hostname)) return () => false
  const own = canonicalHost(url.host)
  const named = new Set(rules.flatMap(({ hosts }) => hosts))
  const port = (one: { readonly port: number | null }) => one.port ?? (place.secure ? 443 : 80)
  const isOwn = (text: string): boolean => {
    const host = canonicalHost(text)
    if (own === undefined || host?.name !== own.name) return false
    return port(host) === port(own) || !(named.has(host.name) || named.has(formatHost(host)))
  }
  // Proxies ask under one or two names: the last one is remembered.
  let last = { text: url.host, isOwn: true }
  return (rawHeaders) => {
    const texts = hostHeaders(rawHeaders)
    if (texts.length > 1) return true
    const [text] = texts
    if (text === undefined) return false
    if (text !== last.text) last = { text, isOwn: isOwn(text) }
    return last.isOwn
  }
}

/** Several are no HTTP (RFC 9112, section 3.2), and Node lets them pass. */
function hostHeaders(rawHeaders: readonly string[]): readonly string[] {
  const found: string[] = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'host') found.push(rawHeaders[index + 1] ?? '')
  }
  return found
}

function isLoopback(hostname: string): boolean {
  return /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname)
}
