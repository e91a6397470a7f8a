import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { ClientRules } from '#authority'
import { AuthorizationError } from '../authorization/authorization-error.ts'
import { checkedRequest } from '../authorization/authorization-request.ts'
import { isRegistered } from '../authorization/redirect-uri.ts'
import type { App, HttpContext } from '../context.ts'
import { badProof, proofIfAny } from '../dpop.ts'
import { clientOf } from '../oauth-client.ts'
import { OAuthError } from '../oauth-error.ts'
import { formOf, invalidRequest, type OAuthForm, required } from '../oauth-form.ts'
import { limitTokenRequests } from './token.ts'

/** It goes through a URL, sealed. */
const queryLengthMax = 4000
/** Proofs of the client, which must not go through a browser, and what is known better by now. */
const replaced = [
  ...['client_secret', 'client_assertion', 'client_assertion_type'],
  ...['client_id', 'dpop_jkt'],
]

const pushedForm = Type.Object({
  client_id: Type.Optional(Type.String({ description: 'A public client says only this.' })),
  redirect_uri: Type.String({ description: 'With all other parameters of `/oauth/authorize`.' }),
})

/** `POST /oauth/par` (RFC 9126). */
export function pushedAuthorizationRoute(app: App, context: HttpContext): void {
  app.post(
    '/oauth/par',
    {
      config: { group: 'oauth', who: 'clients', form: pushedForm },
      schema: {
        tags: ['OAuth 2.0'],
        summary: 'Push an authorization request (RFC 9126)',
        consumes: ['application/x-www-form-urlencoded'],
      },
    },
    (request, reply) => push(context, request, reply),
  )
}

async function push(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const form = formOf(request)
  const address = context.addresses.of(request.raw)
  limitTokenRequests(context, address)
  const client = await clientOf(context, request, form, address)
  const redirectUri = required(form, 'redirect_uri')
  if (!isRegistered(client.redirectUris, redirectUri)) {
    throw new OAuthError('invalid_redirect_uri', {
      description: 'The redirect URI is not registered for the client.',
    })
  }
  try {
    checkedRequest(context, form, { client, redirectUri })
  } catch (error) {
    throw error instanceof AuthorizationError ? translated(error) : error
  }
  const query = queryOf(form, client.id, await boundKey(context, request, { client, form }))
  if (query.length > queryLengthMax) throw invalidRequest('The request is too long.')
  const { uri, expiresIn } = context.browser.pushed.issue(client.id, query)
  const answer = { request_uri: uri, expires_in: expiresIn }
  return reply.code(201).type('application/json').send(JSON.stringify(answer))
}

interface Pushing {
  readonly client: ClientRules
  readonly form: OAuthForm
}

/** RFC 9449, section 10.1: a proof counts as `dpop_jkt`, and may not contradict it. */
async function boundKey(
  context: HttpContext,
  request: FastifyRequest,
  { client, form }: Pushing,
): Promise<string | null> {
  const named = form.values.get('dpop_jkt') ?? null
  const proven = await proofIfAny(context, request, { client, path: '/oauth/par' })
  if (proven === null || named === null || proven === named) return proven ?? named
  throw badProof('its key is not that of dpop_jkt')
}

function queryOf(
  { values, resources }: OAuthForm,
  clientId: string,
  boundTo: string | null,
): string {
  const kept = [...values].filter(([name]) => !replaced.includes(name))
  const query = new URLSearchParams([['client_id', clientId], ...kept])
  if (boundTo !== null) query.set('dpop_jkt', boundTo)
  for (const resource of resources) query.append('resource', resource)
  return query.toString()
}

/** RFC 9126, section 2.3: the errors of the authorization endpoint, as JSON. */
function translated({ error, message }: AuthorizationError): OAuthError {
  return new OAuthError('invalid_request', { description: message, members: { error } })
}
