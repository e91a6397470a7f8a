import {
  type CanonicalHost,
  type CanonicalTarget,
  canonicalHost,
  canonicalTarget,
  formatHost,
} from './canonical.ts'
import { caddy } from './dialects/caddy.ts'
import { envoy } from './dialects/envoy.ts'
import { forwarded } from './dialects/forwarded.ts'
import { haproxy } from './dialects/haproxy.ts'
import { nginx } from './dialects/nginx.ts'
import { traefik } from './dialects/traefik.ts'
import {
  countHeaders,
  type FoundHeaders,
  HeaderScan,
  type RequestFacts,
  readFacts,
  readProofs,
} from './request-headers.ts'
import type { PublicPlace } from './settings.ts'

export type Mode = 'forwarded' | 'traefik' | 'caddy' | 'haproxy' | 'nginx' | 'envoy'

/** How one kind of proxy says which request it asks about (rule 26). */
export interface Dialect {
  readonly mode: Mode
  /** In lower case. Each has to be there exactly once, and no other is read. */
  readonly sources: readonly string[]
  /** `values` are those of `sources`, in their order. A text: why they make no sense together. */
  read(values: readonly string[], asked: AskedRequest): Described | string
}

/** What node:http knows of the sub-request itself. */
export interface AskedRequest {
  readonly method: string
  /** What follows `/forward-auth` in its target, query included. */
  readonly below: string
  readonly scheme: 'http' | 'https'
}

/** The original URL in the proxy's words. */
export interface Described {
  readonly method: string
  readonly scheme: string
  readonly host: string
  readonly target: string
}

/** The request that the browser or the client made. */
export interface OriginalRequest {
  readonly mode: Mode
  readonly method: string
  readonly scheme: 'http' | 'https'
  readonly host: CanonicalHost
  /** Decoded once; see canonical.ts. */
  readonly path: string
  readonly suspicious: boolean
  readonly query: string
  /** Path and query as sent. */
  readonly target: string
  /** The application's origin; https wherever publicUrl is. */
  readonly origin: string
  /** Each header of its own: several credentials are not joined into one. */
  readonly authorization: readonly string[]
  readonly cookie: readonly string[]
  readonly facts: RequestFacts
  /** Proofs of possession (RFC 9449), each header of its own. */
  readonly proofs: readonly string[]
}

export type RefusalCode =
  | 'untrusted_proxy'
  | 'unknown_mode'
  | 'missing_header'
  | 'repeated_header'
  | 'conflicting_headers'
  | 'bad_method'
  | 'bad_scheme'
  | 'bad_host'
  | 'bad_path'
  | 'aliased_header'

/** 403; the hint is for the log: it says which, and how to mend it. */
export interface Refusal {
  readonly kind: 'refused'
  readonly why: RefusalCode
  readonly hint: string
}

export const dialects: Readonly<Record<Mode, Dialect>> = {
  forwarded,
  traefik,
  caddy,
  haproxy,
  nginx,
  envoy,
}

export interface SubRequest {
  readonly method: string
  readonly rawHeaders: readonly string[]
  readonly below: string
}

export function readOriginalRequest(
  asked: SubRequest,
  dialect: Dialect,
  place: PublicPlace,
): OriginalRequest | Refusal {
  const { method, rawHeaders, below } = asked
  const found = scans[dialect.mode].read(rawHeaders)
  if (found.values === undefined) return sourceFault(dialect, rawHeaders)
  const scheme = place.secure ? 'https' : 'http'
  const described = dialect.read(found.values, { method, below, scheme })
  if (typeof described === 'string') return refusal('conflicting_headers', described)
  return understand(described, { mode: dialect.mode, rawHeaders, found, secure: place.secure })
}

const scans: Readonly<Record<Mode, HeaderScan>> = {
  forwarded: new HeaderScan(forwarded.sources),
  traefik: new HeaderScan(traefik.sources),
  caddy: new HeaderScan(caddy.sources),
  haproxy: new HeaderScan(haproxy.sources),
  nginx: new HeaderScan(nginx.sources),
  envoy: new HeaderScan(envoy.sources),
}

export function refusal(why: RefusalCode, hint: string): Refusal {
  return { kind: 'refused', why, hint }
}

/** The first of the dialect's headers that is not there exactly once. */
function sourceFault({ mode, sources }: Dialect, rawHeaders: readonly string[]): Refusal {
  const counts = countHeaders(rawHeaders, sources)
  const at = counts.findIndex((count) => count !== 1)
  const name = sources[at] ?? ''
  if (counts[at] === 0) {
    const hint = `mode ${mode} needs the header ${name}; let the proxy send it (examples/ has one for each)`
    return refusal('missing_header', hint)
  }
  const hint = `${name} came ${counts[at]} times; the proxy must set it, not add to what the client sent`
  return refusal('repeated_header', hint)
}

interface Around {
  readonly mode: Mode
  readonly rawHeaders: readonly string[]
  readonly found: FoundHeaders
  readonly secure: boolean
}

function understand(described: Described, around: Around): OriginalRequest | Refusal {
  const { method } = described
  if (!methodShape.test(method)) return refusal('bad_method', 'a method has capital letters only')
  // Its target has no path; Caddy says / all the same (RFC 9110, section 9.3.6).
  if (method === 'CONNECT') return refusal('bad_method', 'no rule can speak of a tunnel')
  const scheme = schemes.get(described.scheme)
  if (scheme === undefined) return refusal('bad_scheme', 'the scheme is neither http nor https')
  const host = canonicalHost(described.host)
  if (host === undefined) {
    return refusal('bad_host', 'the host is no host name or address that rules could name')
  }
  const target = canonicalTarget(described.target)
  if (target === undefined) {
    return refusal('bad_path', 'the path cannot be read: it must begin with / and decode to UTF-8')
  }
  const origin = originOf(around.secure ? 'https' : scheme, host)
  return new ReadRequest(around, { method, scheme, host, origin, target })
}

interface Understood extends Pick<OriginalRequest, 'method' | 'scheme' | 'host' | 'origin'> {
  readonly target: CanonicalTarget
}

/** Field by field: spreads would cost more than all the rest, and this runs on every request. */
class ReadRequest implements OriginalRequest {
  readonly mode: Mode
  readonly method: string
  readonly scheme: 'http' | 'https'
  readonly host: CanonicalHost
  readonly origin: string
  readonly path: string
  readonly suspicious: boolean
  readonly query: string
  readonly target: string
  readonly authorization: readonly string[]
  readonly cookie: readonly string[]
  readonly #rawHeaders: readonly string[]

  constructor({ mode, rawHeaders, found }: Around, understood: Understood) {
    const { target } = understood
    this.mode = mode
    this.method = understood.method
    this.scheme = understood.scheme
    this.host = understood.host
    this.origin = understood.origin
    this.path = target.path
    this.suspicious = target.suspicious
    this.query = target.query
    this.target = target.target
    this.authorization = found.authorization
    this.cookie = found.cookie
    this.#rawHeaders = rawHeaders
  }

  /** Read when somebody asks: a session that is remembered makes no difference between requests. */
  get facts(): RequestFacts {
    return readFacts(this.#rawHeaders)
  }

  /** Read only beside a token that came by DPoP. */
  get proofs(): readonly string[] {
    return readProofs(this.#rawHeaders)
  }
}

/** RFC 9110, section 9.1: methods are case-sensitive; some servers take `post` for POST all the same. */
const methodShape = /^[A-Z][A-Z_-]{0,31}$/
/** Traefik writes ws and wss for WebSockets. */
const schemes: ReadonlyMap<string, 'http' | 'https'> = new Map([
  ['http', 'http'],
  ['https', 'https'],
  ['ws', 'http'],
  ['wss', 'https'],
])

const defaultPorts = { http: 80, https: 443 } as const

function originOf(scheme: 'http' | 'https', host: CanonicalHost): string {
  const port = host.port === defaultPorts[scheme] ? null : host.port
  return `${scheme}://${formatHost({ name: host.name, port })}`
}
