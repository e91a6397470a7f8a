import { canonicalHost } from './canonical.ts'
import { type Dialect, dialects, type Mode, type Refusal, refusal } from './original-request.ts'
import type { PublicPlace } from './settings.ts'

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
 * anybody could describe requests to us by the mouth of a trusted proxy. On a loopback publicUrl, which
 * is for development, proxies and people use the same address, and this is never the case.
 */
export function cameForPublicHost(place: PublicPlace): (rawHeaders: readonly string[]) => boolean {
  const url = new URL(place.origin)
  if (isLoopback(url.hostname)) return () => false
  const own = canonicalHost(url.host)
  const port = (one: { readonly port: number | null }) => one.port ?? (place.secure ? 443 : 80)
  return (rawHeaders) => {
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] ?? ''
      if (name.length !== 4 || name.toLowerCase() !== 'host') continue
      const text = rawHeaders[index + 1] ?? ''
      if (text === url.host) return true
      const host = canonicalHost(text)
      if (own !== undefined && host?.name === own.name && port(host) === port(own)) return true
    }
    return false
  }
}

function isLoopback(hostname: string): boolean {
  return /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname)
}
