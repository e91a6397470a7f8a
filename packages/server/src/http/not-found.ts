import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendPage } from './browser/answers.ts'
import { isPageVisit } from './browser/fetch-metadata.ts'
import { lookOf } from './browser/look.ts'
import type { HttpDeps } from './deps.ts'
import { sendProblem } from './error-answers.ts'
import type { KnownPaths } from './known-paths.ts'
import { OAuthError } from './oauth-error.ts'
import { notFoundPage } from './pages/index.ts'
import { Problem } from './problems.ts'

interface Routed {
  readonly paths: KnownPaths
  /** Of all paths, without a final slash. */
  readonly prefix: string
  /** Null where no person comes by. */
  readonly settings: HttpDeps['settings'] | null
}

/** No route took it: a page for people who mistyped, and a problem for programs. */
export function answerNotFound(
  { paths, prefix, settings }: Routed,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const url = request.raw.url ?? '/'
  const methods = paths.methodsOf(url)
  if (methods.length > 0) {
    answerWrongMethod(reply, methods, url.startsWith(`${prefix}/oauth/`))
  } else if (settings !== null && isPageVisit(request.method, request.headers)) {
    const page = notFoundPage(`${settings.publicUrl}/`, lookOf({ settings }, request))
    sendPage(reply, page, 404)
  } else {
    sendProblem(reply, new Problem('not_found', { detail: 'There is no such path.' }))
  }
}

function answerWrongMethod(reply: FastifyReply, methods: readonly string[], oauth: boolean): void {
  const headers = { allow: methods.join(', ') }
  const detail = `Use ${methods.join(' or ')}.`
  if (!oauth) {
    sendProblem(reply, new Problem('method_not_allowed', { detail, headers }))
    return
  }
  const error = new OAuthError('invalid_request', { status: 405, description: detail, headers })
  reply.code(405).headers(headers).type('application/json').send(error.body())
}
