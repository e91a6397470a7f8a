/*
 * A verdict as an HTTP answer. One table for all proxies, and one for nginx: its auth_request knows only
 * 2xx, 401 and 403, so the verdict travels in a header to the snippet in examples/nginx.
 */

import { proofAlgorithms } from '@curfew/verifier/dpop'
import { toSeconds } from '#domain'
import type { ProofFault } from './credential.ts'
import type { Forbidden, Unauthenticated, Verdict } from './decide.ts'
import { renderHeaders } from './headers.ts'
import type { Refusal } from './original-request.ts'
import { noValues } from './templates.ts'

export interface Answer {
  readonly status: number
  /** Names and values in turn, as `writeHead` takes them. */
  readonly headers: readonly string[]
  readonly body: string
}

export interface AnswerOptions {
  readonly nginx: boolean
  readonly publicUrl: string
  /** A page for people who meet this on their way; Undefined: problem JSON. Only for navigations. */
  readonly page?: PageHere
}

export type PageHere = (kind: 'forbidden' | 'unavailable', detail: string) => ShownPage

/** The same for a person with these languages (Accept-Language). */
export type MakePage = (
  ...order: [...Parameters<PageHere>, acceptLanguage: string | null]
) => ShownPage

export interface ShownPage {
  readonly html: string
  /** Its Content-Security-Policy. */
  readonly csp: string
}

/** All but `allow`, which needs its values, and `own`, which is carried out elsewhere. */
export type Answerable = Exclude<Verdict, { kind: 'allow' | 'own' }> | Refusal

export function answerFor(verdict: Answerable, options: AnswerOptions): Answer {
  switch (verdict.kind) {
    case 'preflight':
      return allowAnswer(renderHeaders(verdict.rule.headers, noValues).flat, options.nginx)
    case 'sign-in':
      return signInAnswer(verdict.location, options.nginx)
    case 'unauthenticated':
      return unauthenticatedAnswer(verdict, options.nginx)
    case 'forbidden':
      return forbiddenAnswer(verdict, options)
    case 'refused':
      return problem(403, { ...refusedProblem, verdict: 'forbidden', options })
    case 'unavailable':
      return unavailableAnswer(verdict.retryAfterSeconds, options)
    default:
      return verdict satisfies never
  }
}

/** The only 200. `flat` are the rule's headers. */
export function allowAnswer(flat: readonly string[], nginx: boolean): Answer {
  const verdict = nginx ? verdictHeader('allow') : []
  return { status: 200, headers: [...flat, ...emptyBody, ...verdict], body: '' }
}

/**
 * Whatever leads the browser elsewhere; also for `/.curfew/signout`, and with a cookie for
 * `/.curfew/session`. The snippet for nginx passes on one cookie.
 */
export function signInAnswer(location: string, nginx: boolean, cookie?: string): Answer {
  const setCookie = cookie === undefined ? [] : ['Set-Cookie', cookie]
  const headers = ['Location', location, ...setCookie, ...emptyBody]
  if (!nginx) return { status: 302, headers, body: '' }
  return { status: 401, headers: [...headers, ...verdictHeader('sign-in')], body: '' }
}

const emptyBody = ['Cache-Control', 'no-store', 'Content-Length', '0']

type VerdictWord = 'allow' | 'sign-in' | 'unauthenticated' | 'forbidden' | 'unavailable'

function verdictHeader(word: VerdictWord): readonly string[] {
  return ['Curfew-Verdict', word]
}

const unauthenticatedProblems = {
  no_credential: {
    code: 'unauthenticated',
    title: 'A credential is needed',
    detail: 'Sign in at login_url, or send a token as `Authorization: Bearer`.',
  },
  bad_token: {
    code: 'invalid_token',
    title: 'The token is not good',
    detail: 'It is malformed, expired, forged, or of the wrong kind. Refresh it or sign in again.',
  },
  session_ended: {
    code: 'session_ended',
    title: 'The session has ended',
    detail: 'The session has ended; sign in again.',
  },
  identity_lapsed: {
    code: 'unauthenticated',
    title: 'The identity has to be renewed',
    detail: 'The identity provider no longer vouches for this session; sign in again.',
  },
} as const satisfies Record<Unauthenticated['why'], ProblemText>

function unauthenticatedAnswer(verdict: Unauthenticated, nginx: boolean): Answer {
  const text = unauthenticatedProblems[verdict.why]
  const { end } = verdict
  const bad = verdict.why === 'bad_token' || verdict.why === 'session_ended'
  return problem(401, {
    ...text,
    members: {
      login_url: verdict.loginUrl,
      ...(end === null ? {} : { revoked_reason: end.reason, revoked_at: toSeconds(end.at) }),
    },
    headers:
      verdict.proof === undefined
        ? ['WWW-Authenticate', bad ? 'Bearer error="invalid_token"' : 'Bearer']
        : proofHeaders(verdict.proof),
    verdict: 'unauthenticated',
    options: { nginx, publicUrl: '' },
  })
}

/** RFC 9449, sections 7.1 and 9. */
function proofHeaders({ error, nonce }: ProofFault): readonly string[] {
  const challenge = [
    'WWW-Authenticate',
    `DPoP error="${error}", algs="${proofAlgorithms.join(' ')}"`,
  ]
  return nonce === null ? challenge : [...challenge, 'DPoP-Nonce', nonce]
}

/** What the reader may know. Which rule it was stands in the log. */
const forbiddenDetails: Readonly<Record<Forbidden['why'], string>> = {
  unknown_host: 'This host is not set up here.',
  ambiguous_path: 'The path can be read in more than one way.',
  preflight_denied: 'Requests from other origins are not allowed here.',
  several_credentials: 'The credentials in this request belong to different sessions; send one.',
  condition: 'Your account may not open this. Sign out to use another one.',
  bad_ticket:
    'This step of the sign-in was used before, took too long, or began in another browser. Open the page that you wanted again.',
  unknown_own_path: 'Curfew answers this path itself, and there is nothing here.',
}

function forbiddenAnswer(verdict: Forbidden, options: AnswerOptions): Answer {
  const detail = forbiddenDetails[verdict.why]
  const page = options.page?.('forbidden', detail)
  const signOut = verdict.why === 'condition' || verdict.why === 'several_credentials'
  return problem(403, {
    ...{ code: 'forbidden', title: 'Not allowed', detail, verdict: 'forbidden', options },
    members: signOut ? { signout_url: `${options.publicUrl}/signout` } : {},
    ...(page === undefined ? {} : { page }),
  })
}

const refusedProblem: ProblemText = {
  code: 'forbidden',
  title: 'Not allowed',
  detail: 'The request was not described in a way that can be trusted; the log of Curfew says why.',
}

function unavailableAnswer(retryAfterSeconds: number, options: AnswerOptions): Answer {
  const detail =
    'It cannot be told just now whether you are signed in. Nothing has changed; try again.'
  const page = options.page?.('unavailable', detail)
  return problem(options.nginx ? 403 : 503, {
    ...{ code: 'unavailable', title: 'Not available just now', detail },
    ...{ status: 503, verdict: 'unavailable', options },
    headers: ['Retry-After', String(Math.max(1, Math.ceil(retryAfterSeconds)))],
    ...(page === undefined ? {} : { page }),
  })
}

interface ProblemText {
  readonly code: string
  readonly title: string
  readonly detail: string
}

interface ProblemParts extends ProblemText {
  readonly verdict: VerdictWord
  readonly options: AnswerOptions
  readonly members?: Readonly<Record<string, unknown>>
  readonly headers?: readonly string[]
  readonly page?: ShownPage
  /** When the body speaks of another status than nginx is told. */
  readonly status?: number
}

/** RFC 9457; RFC 9110 section 11.6.1 wants a challenge with each 401. */
function problem(status: number, parts: ProblemParts): Answer {
  const { code, title, detail, members = {}, headers = [], page } = parts
  const json = { type: `urn:curfew:problem:${code}`, code, title, status: parts.status ?? status }
  const body = page?.html ?? JSON.stringify({ ...json, detail, ...members })
  const type = page === undefined ? 'application/problem+json' : 'text/html; charset=utf-8'
  return {
    status,
    headers: [
      ...['Content-Type', type, 'X-Content-Type-Options', 'nosniff', 'Cache-Control', 'no-store'],
      ...['Content-Length', String(Buffer.byteLength(body)), ...headers],
      ...(page === undefined ? [] : ['Content-Security-Policy', page.csp]),
      ...(parts.options.nginx ? verdictHeader(parts.verdict) : []),
    ],
    body,
  }
}
