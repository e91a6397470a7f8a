/*
 * HTTP to a provider, as openid-client and jose want it: a private CA, a proxy, another address than the
 * issuer's, a bound on what is read. Written on node:https because the outcome of a request that failed
 * matters here: one that was never sent has decided nothing, one that was may have (rule 21).
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import http from 'node:http'
import https from 'node:https'
import { getCACertificates } from 'node:tls'
import type { ProviderSettings, ProxyEnvironment } from './settings.ts'

const bodyBytesMax = 1_048_576

/** The provider did not answer, or not with anything that can be read. */
export class ProviderSilent extends Error {
  readonly code = 'provider_silent'
  /** Could the provider have received it? */
  readonly sent: boolean

  constructor(text: string, sent: boolean, cause?: unknown) {
    super(text, { cause })
    this.sent = sent
  }
}

export interface RequestParts {
  readonly method?: string | undefined
  readonly headers?: unknown
  readonly body?: unknown
  readonly signal?: AbortSignal | null | undefined
}

export type ProviderFetch = (url: string, parts: RequestParts) => Promise<Response>

type Where = Pick<ProviderSettings, 'issuer' | 'internalUrl' | 'ca' | 'timeoutMs'>

export function createProviderFetch(where: Where, proxyEnv: ProxyEnvironment): ProviderFetch {
  // Without keep-alive: a reset of an idle connection would look like a request whose fate is unknown.
  const ca = where.ca === null ? undefined : [...getCACertificates('default'), where.ca]
  const secure = new https.Agent({
    keepAlive: false,
    proxyEnv,
    ...(ca === undefined ? {} : { ca }),
  })
  const plain = new http.Agent({ keepAlive: false, proxyEnv })
  const reach = addressing(where)
  return async (url, parts) => {
    const target = reach(new URL(url))
    const agent = target.protocol === 'https:' ? secure : plain
    const watch = watched.getStore()
    const limit = watch?.signal ?? AbortSignal.timeout(where.timeoutMs)
    const given = parts.signal ?? undefined
    const signal = given === undefined ? limit : AbortSignal.any([given, limit])
    const response = await exchange(target, parts, { agent, signal, timeoutMs: where.timeoutMs })
    if (watch !== undefined && parts.method === 'POST' && response.status === 200) {
      watch.answer = await response.clone().text()
    }
    return response
  }
}

/** The same way out for what is no provider's, such as the keys of a client (`jwksUri`). */
export function createOutboundFetch(
  where: Pick<ProviderSettings, 'ca' | 'timeoutMs'>,
  proxyEnv: ProxyEnvironment,
): ProviderFetch {
  return createProviderFetch({ ...where, issuer: '', internalUrl: null }, proxyEnv)
}

/** One grant as its sender follows it: with a limit of its own, and an eye on the raw answer. */
export interface GrantWatch {
  readonly signal: AbortSignal
  /** The body of the token endpoint's last answer of status 200, before anybody has judged it. */
  answer?: string
}

const watched = new AsyncLocalStorage<GrantWatch>()

/**
 * Runs a grant so that its answer is not lost when something after it fails, such as the keys of its
 * ID token not being there: by then the provider has rotated the refresh token.
 */
export function watchGrant<Result>(
  watch: GrantWatch,
  grant: () => Promise<Result>,
): Promise<Result> {
  return watched.run(watch, grant)
}

/** From what the provider calls itself to where it is reached. */
export function addressing({
  issuer,
  internalUrl,
}: Pick<ProviderSettings, 'issuer' | 'internalUrl'>): (url: URL) => URL {
  if (internalUrl === null) return (url) => url
  const from = new URL(issuer)
  const base = trimmed(from.href)
  const to = trimmed(internalUrl)
  return (url) => {
    if (url.href === base || url.href.startsWith(`${base}/`) || url.href.startsWith(`${base}?`)) {
      return new URL(to + url.href.slice(base.length))
    }
    if (url.origin !== from.origin) return url
    return new URL(url.pathname + url.search, new URL(to).origin)
  }
}

/** The other way, for an address that the browser is sent to. */
export function publicAddress(
  { issuer, internalUrl }: Pick<ProviderSettings, 'issuer' | 'internalUrl'>,
  url: URL,
): URL {
  if (internalUrl === null) return url
  const to = trimmed(internalUrl)
  if (url.href.startsWith(`${to}/`)) return new URL(trimmed(issuer) + url.href.slice(to.length))
  if (url.origin !== new URL(to).origin) return url
  return new URL(url.pathname + url.search, new URL(issuer).origin)
}

function trimmed(url: string): string {
  return url.replace(/\/+$/, '')
}

interface Exchange {
  readonly agent: http.Agent
  readonly signal: AbortSignal
  /** Of opening a proxy's tunnel: an abort does not end that (Node 24). */
  readonly timeoutMs: number
}

function exchange(url: URL, parts: RequestParts, way: Exchange): Promise<Response> {
  const { signal, agent, timeoutMs } = way
  return new Promise((resolve, reject) => {
    const fate: Fate = { sent: false, answered: false }
    const fail = (error: unknown) => reject(silentFor(url, fate.sent, error))
    if (signal.aborted) {
      fail(signal.reason)
      return
    }
    const body = bodyOf(parts.body)
    const headers = { ...headersOf(parts.headers), ...lengthOf(body) }
    const options = { method: parts.method ?? 'GET', headers, agent, signal, timeout: timeoutMs }
    const request = (url.protocol === 'https:' ? https : http).request(url, options)
    watchFate(request, url, fate)
    request.once('error', fail)
    request.once('response', (response) => void read(response).then(resolve, fail))
    // A request that waits for a proxy's tunnel hears of no abort by itself.
    const abort = () => fail(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    request.once('close', () => {
      signal.removeEventListener('abort', abort)
      if (!fate.answered) fail(new Error('the connection was closed'))
    })
    request.end(body)
  })
}

interface Fate {
  sent: boolean
  answered: boolean
}

function watchFate(request: http.ClientRequest, url: URL, fate: Fate): void {
  const sent = () => {
    fate.sent = true
  }
  request.once('socket', (socket) => {
    // Before the connection stands nothing can have left this machine. A proxy's tunnel is handed over
    // when it stands, TLS included: its socket does not connect any more.
    if (!socket.connecting) sent()
    else socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', sent)
  })
  request.once('response', () => {
    fate.sent = true
    fate.answered = true
  })
}

function silentFor(url: URL, sent: boolean, cause: unknown): ProviderSilent {
  const how = cause instanceof Error ? (codeOf(cause) ?? cause.message) : String(cause)
  return new ProviderSilent(
    `${url.origin} ${sent ? 'gave no answer' : 'was not reached'}: ${how}`,
    sent,
    cause,
  )
}

function codeOf(error: Error): string | undefined {
  const cause = error.name === 'AbortError' && error.cause instanceof Error ? error.cause : error
  if (cause.name === 'TimeoutError') return 'time-out'
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
}

async function read(message: http.IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > bodyBytesMax) throw new Error(`its answer is longer than ${bodyBytesMax} bytes`)
    chunks.push(chunk)
  }
  if (!message.complete) throw new Error('its answer broke off')
  const status = message.statusCode ?? 0
  const headers = new Headers()
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value)
  }
  const empty = status === 204 || status === 304
  return new Response(empty ? null : Buffer.concat(chunks), { status, headers })
}

function headersOf(given: unknown): Record<string, string> {
  const headers = new Headers((given ?? {}) as ConstructorParameters<typeof Headers>[0])
  return Object.fromEntries(headers.entries())
}

function bodyOf(given: unknown): Buffer | undefined {
  if (given === undefined || given === null) return undefined
  if (typeof given === 'string') return Buffer.from(given)
  if (given instanceof URLSearchParams) return Buffer.from(given.toString())
  if (given instanceof Uint8Array) return Buffer.from(given)
  if (given instanceof ArrayBuffer) return Buffer.from(given)
  throw new TypeError('a request to a provider has a text for a body')
}

function lengthOf(body: Buffer | undefined): Record<string, string> {
  return body === undefined ? {} : { 'content-length': String(body.length) }
}
