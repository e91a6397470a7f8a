/*
 * A reverse proxy with forward auth in front of an application, as short as an honest one can be. Yours is
 * nginx, Caddy, Traefik, HAProxy or Envoy (examples/ has a configuration for each), and does the same:
 *
 *   it asks Curfew about every request, the handshakes of WebSockets included
 *   200         to the application or the API, with the headers that Curfew answered, never the client's
 *   another     to the client as it is: a redirect to sign in, 401, 403, 503, a cookie
 *   no answer   503: nobody comes through
 */
import {
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import { pipeline } from 'node:stream'
import { ask, forwardedNames } from './forward-auth.ts'
import { Handshake } from './handshake.ts'
import { endToEnd, only, type RawHeaders } from './headers.ts'

export interface ProxyOptions {
  readonly curfew: string
  readonly application: Upstream
  /** What lies at these paths, and below them, is not the application's. */
  readonly others?: readonly (Upstream & { readonly path: string })[]
}

export interface Upstream {
  readonly url: string
  /** The names in its rule's `headers`, in lower case: from Curfew alone, and for nobody else. */
  readonly identityHeaders: readonly string[]
}

export function createProxy(options: ProxyOptions): Server {
  const server = createServer((incoming, answer) => void serve(options, { incoming, answer }))
  server.on('upgrade', (incoming, socket, head) => {
    const handshake = new Handshake(incoming, socket, head)
    void serve(options, { incoming, answer: handshake.answer, handshake })
  })
  return server
}

interface Exchange {
  readonly incoming: IncomingMessage
  readonly answer: ServerResponse
  readonly handshake?: Handshake
}

async function serve(options: ProxyOptions, exchange: Exchange): Promise<void> {
  const { incoming, answer } = exchange
  const verdict = await ask(options.curfew, incoming).catch(() => undefined)
  if (verdict === undefined) fail(answer, 503, 'Curfew does not answer, so nobody comes through.')
  else if (verdict.statusCode !== 200) pass(verdict, answer)
  else letThrough(options, exchange, verdict.resume().rawHeaders)
}

function letThrough(
  options: ProxyOptions,
  { incoming, answer, handshake }: Exchange,
  identity: RawHeaders,
): void {
  const { method = 'GET', url = '/' } = incoming
  const upstream = upstreamFor(options, url)
  const headers = forUpstream(incoming, {
    taken: only(identity, upstream.identityHeaders),
    dropped: upstreamsOf(options).flatMap(({ identityHeaders }) => identityHeaders),
  })
  const onward = request(upstream.url, { method, path: url, headers })
  onward.once('response', (response) => pass(response, answer))
  onward.once('error', () => fail(answer, 502, 'The application does not answer.'))
  // The client has gone: the application need not go on.
  answer.once('close', () => onward.destroy())
  if (handshake === undefined) {
    incoming.pipe(onward)
    return
  }
  onward.once('upgrade', (response, socket, head) => handshake.join(response, socket, head))
  onward.end()
}

function upstreamFor({ application, others = [] }: ProxyOptions, url: string): Upstream {
  const [asked = ''] = url.split('?')
  return others.find(({ path }) => `${asked}/`.startsWith(`${path}/`)) ?? application
}

function upstreamsOf({ application, others = [] }: ProxyOptions): Upstream[] {
  return [application, ...others]
}

function forUpstream(
  { rawHeaders, headers, socket }: IncomingMessage,
  identity: { readonly taken: RawHeaders; readonly dropped: readonly string[] },
): string[] {
  const { upgrade, host = '' } = headers
  return [
    ...endToEnd(rawHeaders, ['expect', ...forwardedNames, ...identity.dropped]),
    ...identity.taken,
    ...['X-Forwarded-For', socket.remoteAddress ?? ''],
    ...['X-Forwarded-Proto', 'http', 'X-Forwarded-Host', host],
    ...(upgrade === undefined ? [] : ['Connection', 'Upgrade', 'Upgrade', upgrade]),
  ]
}

/** As it comes, without waiting for its end. */
function pass(response: IncomingMessage, answer: ServerResponse): void {
  const { statusCode = 502, statusMessage = '', rawHeaders } = response
  answer.writeHead(statusCode, statusMessage, endToEnd(rawHeaders))
  pipeline(response, answer, (error) => error && answer.destroy())
}

function fail(answer: ServerResponse, status: number, text: string): void {
  if (answer.headersSent) {
    answer.destroy()
    return
  }
  answer.writeHead(status, { 'content-type': 'text/plain', 'cache-control': 'no-store' })
  answer.end(`${text}\n`)
}
