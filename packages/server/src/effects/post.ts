/*
 * One POST to a receiver: no redirect is followed, what it answers beyond its status is thrown away. The
 * URL is the operator's own word, as a provider's address is; nobody else can name one.
 */
import http from 'node:http'
import https from 'node:https'

export interface PostRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
}

export type Posted =
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfter: string | undefined }
  /** No answer, whether it was received or not. */
  | { readonly kind: 'silent'; readonly why: string }

export type Post = (request: PostRequest) => Promise<Posted>

const timeoutMsDefault = 15_000
/** An answer that is longer ends its connection: this one, and the next begins anew. */
const answerBytesMax = 65_536
const idleSocketsMax = 4

/** `proxyEnv`: HTTPS_PROXY, NO_PROXY and their kin, as the environment has them. */
export function createPost(
  proxyEnv: Readonly<Record<string, string | undefined>>,
  timeoutMs = timeoutMsDefault,
): Post {
  const options = { keepAlive: true, maxFreeSockets: idleSocketsMax, proxyEnv }
  const agents = { secure: new https.Agent(options), plain: new http.Agent(options) }
  return (request) => send(request, { ...agents, timeoutMs })
}

interface Way {
  readonly secure: https.Agent
  readonly plain: http.Agent
  readonly timeoutMs: number
}

function send({ url, headers, body, signal }: PostRequest, way: Way): Promise<Posted> {
  const target = new URL(url)
  const isSecure = target.protocol === 'https:'
  const limit = AbortSignal.any([signal, AbortSignal.timeout(way.timeoutMs)])
  return new Promise((resolve) => {
    const silent = (error: unknown) => resolve({ kind: 'silent', why: wordsFor(error, way) })
    const request = (isSecure ? https : http).request(target, {
      method: 'POST',
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
      agent: isSecure ? way.secure : way.plain,
      signal: limit,
      // Of opening a proxy's tunnel: an abort does not end that (Node 24).
      timeout: way.timeoutMs,
    })
    request.once('error', silent)
    limit.addEventListener('abort', () => silent(limit.reason), { once: true })
    request.once('response', (response) => {
      drain(response)
      const { statusCode: status = 0, headers: given } = response
      resolve({ kind: 'answered', status, retryAfter: given['retry-after'] })
    })
    request.end(body)
  })
}

function drain(response: http.IncomingMessage): void {
  let bytes = 0
  response.on('error', () => undefined)
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > answerBytesMax) response.destroy()
  })
}

/** Never the URL. */
function wordsFor(error: unknown, { timeoutMs }: Way): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (cause instanceof Error && cause.name === 'TimeoutError') {
    return `no answer within ${timeoutMs / 1000} s`
  }
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? `no answer: ${code}` : 'no answer'
}
