import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendPage } from '../browser/answers.ts'
import { lookOf } from '../browser/look.ts'
import type { HttpContext } from '../context.ts'
import { continuePage } from '../pages/index.ts'
import type { AuthorizationError } from './authorization-error.ts'
import { isHttps, withParameters } from './redirect-uri.ts'

/** Where an answer goes: checked against what is registered for the client. */
export interface Addressee {
  readonly clientId: string
  readonly redirectUri: string
  readonly state: string | null
  readonly uiLocales: string | null
}

export type Outcome = { readonly code: string } | { readonly error: AuthorizationError }

/**
 * The end of an authorization request, with `iss` (RFC 9207). Any program on a device may claim a scheme
 * or listen on a port, so only an https address is opened without the person (rule 33; RFC 8252, 8.6).
 */
export function sendToApplication(
  context: Pick<HttpContext, 'authority' | 'settings'>,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  to: Addressee,
  outcome: Outcome,
): FastifyReply {
  const { clientId, redirectUri, state, uiLocales } = to
  const url = withParameters(redirectUri, {
    ...membersOf(outcome),
    state,
    iss: context.authority.policy.issuer,
  })
  if (isHttps(redirectUri)) return reply.redirect(url, request.method === 'POST' ? 303 : 302)
  const page = {
    clientId,
    url,
    redirectUri,
    outcome: 'error' in outcome ? 'failed' : 'done',
  } as const
  return sendPage(reply, continuePage(page, lookOf(context, request, uiLocales)))
}

function membersOf(outcome: Outcome): Readonly<Record<string, string>> {
  if ('code' in outcome) return { code: outcome.code }
  const { error, message } = outcome.error
  return { error, error_description: message }
}
