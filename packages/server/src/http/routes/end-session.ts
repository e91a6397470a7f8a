/*
 * `/signout` as the `end_session_endpoint` of clients (OpenID Connect RP-Initiated Logout 1.0). An ID token
 * of ours proves whose session the client means: that one ends at once, and the browser's own, of the
 * gateway, is left alone. Without one the person is asked, as for everybody else (rule 29).
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { IdTokenHint } from '#authority'
import { parseClientId } from '#domain'
import { isHttps, withParameters } from '../authorization/redirect-uri.ts'
import { BrowserProblem, sendPage } from '../browser/answers.ts'
import { lookOf } from '../browser/look.ts'
import type { AfterSignOut, LeavingClient } from '../browser/sign-out-tickets.ts'
import type { HttpContext } from '../context.ts'
import { continuePage } from '../pages/index.ts'

export interface Leaving {
  /** Null: it did not say where it wants to be told. */
  readonly client: LeavingClient | null
  readonly hint: IdTokenHint | undefined
  /** There is a hint, and whose session it means cannot be known. */
  readonly unread: boolean
}

type Value = (name: string) => string | undefined

/** @throws BrowserProblem 400 for an address that is not the client's, before anything has ended */
export function leavingOf({ authority }: HttpContext, value: Value): Leaving {
  const token = value('id_token_hint')
  const hint = token === undefined ? undefined : authority.readHint(token)
  const named = value('client_id')
  if (hint !== undefined && named !== undefined && named !== hint.clientId) {
    throw refused('The application is not the one that you are signed in at.')
  }
  const redirectUri = value('post_logout_redirect_uri')
  const unread = token !== undefined && hint === undefined
  if (redirectUri === undefined) return { client: null, hint, unread }
  const clientId = hint?.clientId ?? parseClientId(named ?? '')
  const client = { clientId: clientId ?? '', redirectUri, state: value('state') ?? null }
  if (isStillRegistered({ authority }, client)) return { client, hint, unread }
  throw refused('The address to return to is not registered for the application.')
}

function isStillRegistered(
  { authority }: Pick<HttpContext, 'authority'>,
  { clientId, redirectUri }: LeavingClient,
): boolean {
  const id = parseClientId(clientId)
  const client = id && authority.policy.client(id)
  return client?.postLogoutRedirectUris.includes(redirectUri) === true
}

/** It must not look as if the session that was meant had ended. */
export function hintUnread(): BrowserProblem {
  return refused('The id_token_hint cannot be read: it may be too old.')
}

function refused(detail: string): BrowserProblem {
  const text = `${detail} You have not been signed out.`
  return new BrowserProblem('return_to_refused', text, { retryUrl: null })
}

/** Undefined: the client is not registered any more, or never said where. A click leads to what is not https. */
export function backToClient(
  context: HttpContext,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  { client, uiLocales }: Pick<AfterSignOut, 'client' | 'uiLocales'>,
): FastifyReply | undefined {
  if (client === null || !isStillRegistered(context, client)) return undefined
  const { clientId, redirectUri, state } = client
  const url = withParameters(redirectUri, { state })
  if (isHttps(redirectUri)) return reply.redirect(url, request.method === 'POST' ? 303 : 302)
  const page = { clientId, url, redirectUri, outcome: 'signedOut' } as const
  return sendPage(reply, continuePage(page, lookOf(context, request, uiLocales)))
}
