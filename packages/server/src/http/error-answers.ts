import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { KeyMissing, StoreUnavailable } from '#authority'
import type { HttpDeps } from './deps.ts'
import { mistakesOf } from './input-mistakes.ts'
import { OAuthError, type OAuthErrorCode } from './oauth-error.ts'
import { Problem, type ProblemCode } from './problems.ts'

type Log = Pick<HttpDeps['log'], 'error' | 'warn'>

/** Anything that was thrown, as the problem that the client is told. Only `internal` hides something. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof StoreUnavailable) {
    return new Problem('unavailable', { detail: 'The store did not answer; repeat the request.' })
  }
  if (error instanceof KeyMissing) return new Problem('key_missing')
  if (isFastifyError(error)) return ofFramework(error)
  return new Problem('internal', { detail: 'An unexpected error; see the log.' })
}

/** For everything but /oauth/*. */
export function answerProblem(log: Log) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const problem = problemOf(error)
    if (problem.code === 'internal') {
      logUnexpected(log, error, request)
      sendProblem(reply, internal(request.id))
      return
    }
    if (problem.status === 503) logUnavailable(log, error, request)
    sendProblem(reply, problem)
  }
}

/** For /oauth/*: the same causes in the words of RFC 6749. */
export function answerOAuthError(log: Log) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const answer = error instanceof OAuthError ? error : translate(problemOf(error), request.id)
    if (answer.status === 500) logUnexpected(log, error, request)
    if (answer.status === 503) logUnavailable(log, error, request)
    reply.code(answer.status).headers(answer.headers).type('application/json').send(answer.body())
  }
}

export function sendProblem(reply: FastifyReply, problem: Problem): void {
  reply.code(problem.status).headers(problem.headers)
  // As bytes: to text Fastify adds a charset, which JSON types do not have (RFC 8259, section 11).
  reply.header('content-type', 'application/problem+json')
  reply.send(Buffer.from(JSON.stringify(problem.body())))
}

function internal(reference: string): Problem {
  return new Problem('internal', {
    detail: `An unexpected error; the log has the details under ${reference}.`,
    members: { reference },
  })
}

function translate(problem: Problem, reference: string): OAuthError {
  const { headers, message } = problem
  // A form that is none is an invalid request (RFC 6749, section 5.2; Back-Channel Logout 1.0, section 2.8).
  const status = problem.code === 'unsupported_media_type' ? 400 : problem.status
  const members = status === 500 ? { reference } : {}
  // The challenge of a problem is for the API; OAuthError brings its own.
  const { 'www-authenticate': _challenge, ...rest } = headers
  const description = status === 500 ? 'An unexpected error; see `reference`.' : message
  return new OAuthError(oauthCode(problem), { status, description, members, headers: rest })
}

function oauthCode(problem: Problem): OAuthErrorCode {
  if (problem.status >= 500)
    return problem.status === 500 ? 'server_error' : 'temporarily_unavailable'
  if (problem.status === 429) return 'temporarily_unavailable'
  return problem.status === 401 ? 'invalid_client' : 'invalid_request'
}

const frameworkCodes: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed_body',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed_body',
  FST_ERR_MAX_PARAM_LENGTH: 'uri_too_long',
}

function ofFramework(error: FastifyError): Problem {
  if (error.validation !== undefined) {
    const errors = mistakesOf(error.validation, error.validationContext)
    const named = errors.map((mistake) => mistake.pointer || `the ${mistake.in}`).join(', ')
    return new Problem('invalid_request', { detail: `Not valid: ${named}.`, errors })
  }
  const code = frameworkCodes[error.code]
  if (code !== undefined) return new Problem(code)
  if (error.code === 'FST_ERR_BAD_URL') {
    return new Problem('invalid_request', { detail: 'The path cannot be decoded.' })
  }
  const status = error.statusCode ?? 500
  // A parser's or the framework's own refusal: its words may repeat the input, so they stay here.
  return new Problem(status >= 400 && status < 500 ? 'malformed_body' : 'internal')
}

function isFastifyError(error: unknown): error is FastifyError {
  return error instanceof Error && ('code' in error || 'statusCode' in error)
}

function logUnexpected(log: Log, error: unknown, request: FastifyRequest): void {
  log.error({ err: error, ...place(request) }, 'a request failed unexpectedly')
}

function logUnavailable(log: Log, error: unknown, request: FastifyRequest): void {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const why = cause instanceof Error ? cause.message : 'unknown'
  log.warn({ why, ...place(request) }, 'a request was answered 503')
}

function place(request: FastifyRequest) {
  return { reference: request.id, method: request.method, route: request.routeOptions.url }
}
