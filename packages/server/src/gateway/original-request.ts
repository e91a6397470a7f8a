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
export interface OriginalRequest extends RequestFacts {
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
}

/** What its other headers say. One that repeats is joined with commas, as RFC 9110 section 5.3 has it. */
export interface RequestFacts {
  readonly secFetchMode: string | null
  readonly secFetchDest: string | null
  readonly accept: string | null
  readonly xRequestedWith: string | null
  readonly upgrade: string | null
  readonly originHeader: string | null
  readonly corsMethod: string | null
  readonly authorization: readonly string[]
  readonly cookie: readonly string[]
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
  const { values, facts } = readHeaders(asked.rawHeaders, dialect)
  const fault = sourceFault(dialect, values)
  if (fault !== undefined) return fault
  const single = values.map((found) => found[0] ?? '')
  const scheme = place.secure ? 'https' : 'http'
  const described = dialect.read(single, { method: asked.method, below: asked.below, scheme })
  if (typeof described === 'string') return refusal('conflicting_headers', described)
  return understand(described, { mode: dialect.mode, facts, secure: place.secure })
}

export function refusal(why: RefusalCode, hint: string): Refusal {
  return { kind: 'refused', why, hint }
}

function sourceFault(
  dialect: Dialect,
  values: readonly (readonly string[])[],
): Refusal | undefined {
  for (const [index, name] of dialect.sources.entries()) {
    const count = values[index]?.length ?? 0
    if (count === 1) continue
    if (count === 0) {
      const hint = `mode ${dialect.mode} needs the header ${name}; let the proxy send it (examples/ has one for each)`
      return refusal('missing_header', hint)
    }
    const hint = `${name} came ${count} times; the proxy must set it, not add to what the client sent`
    return refusal('repeated_header', hint)
  }
  return undefined
}

interface Around {
  readonly mode: Mode
  readonly facts: RequestFacts
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
  return joined(around, { method, scheme, host, origin, target })
}

interface Understood extends Pick<OriginalRequest, 'method' | 'scheme' | 'host' | 'origin'> {
  readonly target: CanonicalTarget
}

/** Field by field: spreads would cost more than all the rest, and this runs on every request. */
function joined({ mode, facts }: Around, understood: Understood): OriginalRequest {
  const { method, scheme, host, origin, target } = understood
  return {
    mode,
    method,
    scheme,
    host,
    origin,
    path: target.path,
    suspicious: target.suspicious,
    query: target.query,
    target: target.target,
    secFetchMode: facts.secFetchMode,
    secFetchDest: facts.secFetchDest,
    accept: facts.accept,
    xRequestedWith: facts.xRequestedWith,
    upgrade: facts.upgrade,
    originHeader: facts.originHeader,
    corsMethod: facts.corsMethod,
    authorization: facts.authorization,
    cookie: facts.cookie,
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

interface ReadHeaders {
  readonly values: readonly (readonly string[])[]
  readonly facts: RequestFacts
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }
type Facts = Writable<Omit<RequestFacts, 'authorization' | 'cookie'>> & {
  readonly authorization: string[]
  readonly cookie: string[]
}

const factNames: ReadonlyMap<
  string,
  Exclude<keyof RequestFacts, 'authorization' | 'cookie'>
> = new Map([
  ['sec-fetch-mode', 'secFetchMode'],
  ['sec-fetch-dest', 'secFetchDest'],
  ['accept', 'accept'],
  ['x-requested-with', 'xRequestedWith'],
  ['upgrade', 'upgrade'],
  ['origin', 'originHeader'],
  ['access-control-request-method', 'corsMethod'],
])

const lengths: ReadonlySet<number> = new Set(
  [
    ...[...factNames.keys(), 'cookie', 'authorization'],
    ...Object.values(dialects).flatMap(({ sources }) => sources),
  ].map(({ length }) => length),
)

/** One pass over the raw list: what Node joins or hides in `headers` would be lost (rule 26). */
function readHeaders(rawHeaders: readonly string[], { sources }: Dialect): ReadHeaders {
  const values: string[][] = sources.map(() => [])
  const facts = noFacts()
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const raw = rawHeaders[index] ?? ''
    // Lengths first: most headers are of no interest, and every one would have to be hashed.
    if (!lengths.has(raw.length)) continue
    const name = raw.toLowerCase()
    const value = rawHeaders[index + 1] ?? ''
    const source = sources.indexOf(name)
    if (source >= 0) values[source]?.push(value)
    note(facts, name, value)
  }
  return { values, facts }
}

function note(facts: Facts, name: string, value: string): void {
  if (name === 'cookie' || name === 'authorization') {
    facts[name].push(value)
    return
  }
  const fact = factNames.get(name)
  if (fact === undefined) return
  const before = facts[fact]
  facts[fact] = before === null ? value : `${before}, ${value}`
}

function noFacts(): Facts {
  return {
    secFetchMode: null,
    secFetchDest: null,
    accept: null,
    xRequestedWith: null,
    upgrade: null,
    originHeader: null,
    corsMethod: null,
    authorization: [],
    cookie: [],
  }
}
