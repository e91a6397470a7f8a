import { type Duration, durationMs } from './duration.ts'
import type { StateStore } from './state.ts'
import { defaultTiming, type Timing } from './timing.ts'

interface CommonOptions {
  /** Curfew's `publicUrl`: what `iss` must be. */
  readonly issuer: string
  /** Where Curfew is reached, when that differs from its issuer. */
  readonly url?: string | undefined
  /** What `aud` must contain; of several, one. */
  readonly audience: string | readonly string[]
  /**
   * Where this service is reached, as its callers name it: what proofs of possession (DPoP) are checked
   * against, never the request's own `Host`. Default: the origins of the audiences that are URLs.
   */
  readonly publicUrl?: string | readonly string[] | undefined
  /** From the start of one pull to the start of the next. Default 30s. */
  readonly pullInterval?: Duration
  /** Server-sent events between the pulls. Default true. */
  readonly stream?: boolean
  /** How long to go on without a good pull. Default 5m. */
  readonly maxStaleness?: Duration
  /** What then: refuse everybody with 503, or go on and say so. Default reject. */
  readonly onStale?: 'reject' | 'accept'
  /** How long `createVerifier` waits for keys and feed. Default 30s. */
  readonly startTimeout?: Duration
  /** `background`: do not wait; until everything is loaded, every token is `stale`. */
  readonly start?: 'wait' | 'background'
  /** Until when signals live: the session's end (default), or the newest token's expiry. */
  readonly streams?: 'untilEnd' | 'untilExpiry'
  /** Keeps what is known over restarts, so that one while Curfew is out of reach does no harm. */
  readonly state?: StateStore
  /** Verified tokens that are remembered; what falls out is verified again. Default 10,000. */
  readonly cacheMax?: number
  /** From so many ended sessions on `on('error')` hears `denylist_large`. Default 1,000,000. */
  readonly denylistLargeAt?: number
  /** Used instead of the global one, as for a proxy or a private CA. */
  readonly fetch?: typeof fetch
  /** Clocks and timers, for tests. */
  readonly timing?: Timing
}

/** Who reads the feed: a client with the role `service`. */
type ClientSecret = {
  readonly clientId: string
  /** As the environment gives it: when it is missing, `createVerifier` says so. */
  readonly clientSecret: string | undefined
  readonly token?: undefined
}
type TokenFunction = {
  readonly clientId?: undefined
  readonly clientSecret?: undefined
  /** An access token of that client; asked for whenever the feed is read. */
  readonly token: () => Promise<string>
}

export type VerifierOptions = CommonOptions & (ClientSecret | TokenFunction)

/** The options, checked, with every default filled in. */
export interface Settings {
  readonly issuer: string
  readonly baseUrl: string
  readonly audience: ReadonlySet<string>
  /** Without a slash at their ends. */
  readonly publicUrls: readonly string[]
  readonly authorization: () => Promise<string>
  readonly pullIntervalMs: number
  readonly stream: boolean
  readonly maxStalenessMs: number
  readonly acceptStale: boolean
  readonly startTimeoutMs: number
  readonly background: boolean
  readonly untilEnd: boolean
  readonly state: StateStore | undefined
  readonly cacheMax: number
  readonly denylistLargeAt: number
  readonly fetch: typeof fetch
  readonly timing: Timing
}

/** @throws TypeError which says what is wrong with which option */
export function readOptions(options: VerifierOptions): Settings {
  const url = options.url ?? options.issuer
  return {
    issuer: issuerOf(options.issuer),
    baseUrl: parseUrl('url', url).href.replace(/\/+$/, ''),
    audience: audienceOf(options.audience),
    publicUrls: publicUrlsOf(options),
    authorization: authorizationOf(options),
    pullIntervalMs: durationMs('pullInterval', options.pullInterval ?? '30s'),
    stream: options.stream ?? true,
    maxStalenessMs: durationMs('maxStaleness', options.maxStaleness ?? '5m'),
    acceptStale: oneOf('onStale', options.onStale ?? 'reject', ['reject', 'accept']) === 'accept',
    startTimeoutMs: durationMs('startTimeout', options.startTimeout ?? '30s'),
    background: oneOf('start', options.start ?? 'wait', ['wait', 'background']) === 'background',
    untilEnd:
      oneOf('streams', options.streams ?? 'untilEnd', ['untilEnd', 'untilExpiry']) === 'untilEnd',
    state: options.state,
    cacheMax: countOf('cacheMax', options.cacheMax ?? 10_000),
    denylistLargeAt: countOf('denylistLargeAt', options.denylistLargeAt ?? 1_000_000),
    // Bound: the global one may not be called as a method of something else.
    fetch: options.fetch ?? ((input, init) => fetch(input, init)),
    timing: options.timing ?? defaultTiming(),
  }
}

/** The claim is compared as it stands, so nothing about it is normalised. */
function issuerOf(issuer: string): string {
  const { protocol, hostname } = parseUrl('issuer', issuer)
  if (protocol !== 'https:' && !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname)) {
    throw new TypeError(`issuer must be an https URL, unless its host is loopback: '${issuer}'`)
  }
  return issuer
}

function parseUrl(name: string, value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : null
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new TypeError(`${name} must be an http(s) URL without query, not '${value}'`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new TypeError(`${name} must not carry credentials`)
  }
  return url
}

function audienceOf(audience: string | readonly string[]): ReadonlySet<string> {
  const all = typeof audience === 'string' ? [audience] : audience
  if (!Array.isArray(all) || all.length === 0 || !all.every((one) => isText(one))) {
    throw new TypeError('audience must name at least one audience')
  }
  return new Set(all)
}

function publicUrlsOf({ publicUrl, audience }: VerifierOptions): readonly string[] {
  if (publicUrl !== undefined) {
    const all = typeof publicUrl === 'string' ? [publicUrl] : publicUrl
    return all.map((one) => parseUrl('publicUrl', one).href.replace(/\/+$/, ''))
  }
  const names = typeof audience === 'string' ? [audience] : audience
  const urls = names.filter((name) => /^https?:/.test(name) && URL.canParse(name))
  return [...new Set(urls.map((url) => new URL(url).origin))]
}

function authorizationOf(options: VerifierOptions): () => Promise<string> {
  const { clientId, clientSecret, token } = options
  if (typeof token === 'function') return async () => `Bearer ${await token()}`
  if (!isText(clientId) || !isText(clientSecret)) {
    throw new TypeError('clientId and clientSecret, or token, are needed to read the feed')
  }
  // RFC 6749, section 2.3.1: both are form-encoded first, so that a colon in the id means nothing.
  const basic = btoa(`${formEncode(clientId)}:${formEncode(clientSecret)}`)
  return async () => `Basic ${basic}`
}

function formEncode(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}

function oneOf<Value extends string>(name: string, value: Value, all: readonly Value[]): Value {
  if (all.includes(value)) return value
  throw new TypeError(`${name} must be ${all.join(' or ')}, not '${value}'`)
}

function countOf(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new TypeError(`${name} must be a whole number above 0, not ${value}`)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
