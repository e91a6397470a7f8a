import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FlowFailure, FlowFailureCode } from '#oidc'
import type { HttpContext } from '../context.ts'
import { problemOf, sendProblem } from '../error-answers.ts'
import { errorPage, type Page, unavailablePage } from '../pages/index.ts'
import { Problem, type ProblemCode } from '../problems.ts'
import { lookOf } from './look.ts'

/** What can be done about an error on a page for people. */
export interface Remedy {
  readonly retryUrl: string | null
  readonly retryWith?: 'anotherAccount'
  readonly signOutUrl?: string
}

/** A problem with a way out of it. */
export class BrowserProblem extends Problem {
  readonly remedy: Remedy

  constructor(code: ProblemCode, detail: string, remedy: Remedy) {
    super(code, { detail })
    this.remedy = remedy
  }
}

export function sendPage(reply: FastifyReply, page: Page, status = 200): FastifyReply {
  reply.code(status).header('content-security-policy', page.csp)
  reply.header('content-language', page.lang).header('vary', varying(reply.getHeader('vary')))
  return reply.type('text/html; charset=utf-8').send(page.html)
}

/** By the language as well as by whatever it was said to vary by before. */
function varying(before: number | string | string[] | undefined): string {
  const names = [before ?? []].flat().map(String)
  return [...names, 'Accept-Language'].join(', ')
}

/** Errors as pages for people, and as problems for everybody else. */
export function answerBrowserError(context: Pick<HttpContext, 'log' | 'settings'>) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const problem = problemOf(error)
    const { code, status, message: detail } = problem
    const about = { reference: request.id, route: request.routeOptions.url, code }
    if (status >= 500)
      context.log.warn({ ...about, ...causeOf(error) }, 'a sign-in or sign-out failed')
    if (!wantsPage(request)) {
      sendProblem(reply, problem)
      return
    }
    const remedy = error instanceof BrowserProblem ? error.remedy : { retryUrl: null }
    const shared = { ...remedy, reference: request.id }
    reply.headers(problem.headers)
    const look = lookOf(context, request)
    const { title } = problem.body() as { readonly title: string }
    const said = look.texts.problem(code, { title, text: detail })
    if (status === 503)
      sendPage(reply, unavailablePage({ detail: said.text, ...shared }, look), status)
    else sendPage(reply, errorPage({ status, ...said, ...shared }, look), status)
  }
}

/** A problem of ours holds a way out of it, with addresses that the log must not have. */
function causeOf(error: unknown): { readonly err?: unknown; readonly why?: string } {
  if (error instanceof Problem) return { why: error.message }
  return { err: error }
}

function wantsPage(request: FastifyRequest): boolean {
  return request.headers.accept?.toLowerCase().includes('text/html') === true
}

const problemFor: Readonly<Record<FlowFailureCode, ProblemCode>> = {
  provider_unknown: 'unknown_provider',
  provider_unavailable: 'provider_unavailable',
  provider_error: 'sign_in_failed',
  access_denied: 'sign_in_invalid',
  flow_missing: 'sign_in_invalid',
  response_incomplete: 'sign_in_invalid',
  flow_expired: 'sign_in_invalid',
  flow_used: 'sign_in_invalid',
  code_refused: 'sign_in_invalid',
  client_refused: 'sign_in_failed',
  identity_invalid: 'sign_in_failed',
  subject_mismatch: 'sign_in_failed',
  claims_incomplete: 'sign_in_denied',
  not_allowed: 'sign_in_denied',
  loop: 'sign_in_loop',
}

export function problemOfFlow(failure: FlowFailure, remedy: Remedy): BrowserProblem {
  return new BrowserProblem(problemFor[failure.code], failure.text, remedy)
}
