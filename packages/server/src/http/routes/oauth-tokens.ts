import type { FastifyRequest } from 'fastify'
import type { ClientRules } from '#authority'
import type { App, HttpContext } from '../context.ts'
import { headerCredentials } from '../credentials.ts'
import { clientOf, notAuthenticated, resolved } from '../oauth-client.ts'
import { OAuthError } from '../oauth-error.ts'
import { formOf, type OAuthForm, required, tokenQuestionForm } from '../oauth-form.ts'
import { Problem } from '../problems.ts'

const tokenLengthMax = 16_384
const tags = ['OAuth 2.0']
const consumes = ['application/x-www-form-urlencoded']

/** RFC 7009 and RFC 7662. `token_type_hint` is not needed: every token says what it is. */
export function oauthTokenRoutes(app: App, context: HttpContext): void {
  app.post(
    '/oauth/revoke',
    {
      config: { group: 'oauth', who: 'clients', form: tokenQuestionForm },
      schema: { tags, consumes, summary: 'End the session of a token (RFC 7009)' },
    },
    async (request, reply) => {
      const form = formOf(request)
      const client = await clientOf(context, request, form, context.addresses.of(request.raw))
      const token = required(form, 'token')
      const answer =
        token.length > tokenLengthMax ? 'done' : await context.authority.revokeToken(client, token)
      if (answer === 'not-yours') {
        throw new OAuthError('invalid_grant', { description: 'The token is of another client.' })
      }
      return reply.code(200).send()
    },
  )

  app.post(
    '/oauth/introspect',
    {
      config: { group: 'oauth', who: 'confidential clients', form: tokenQuestionForm },
      schema: { tags, consumes, summary: 'Is this token good, and whose is it? (RFC 7662)' },
    },
    async (request, reply) => {
      const form = formOf(request)
      const client = await introspector(context, request, form)
      const token = required(form, 'token')
      const answer =
        token.length > tokenLengthMax
          ? { active: false }
          : await context.authority.introspect(client, token)
      return reply.type('application/json').send(JSON.stringify(answer))
    },
  )
}

/** A confidential client: by its own proof, or by Bearer from `client_credentials` (RFC 7662, 2.1). */
async function introspector(
  context: HttpContext,
  request: FastifyRequest,
  form: OAuthForm,
): Promise<ClientRules> {
  if (headerCredentials(request.raw).tokens.length > 0) return byToken(context, request)
  const address = context.addresses.of(request.raw)
  const client = await clientOf(context, request, form, address)
  if (!client.confidential) throw notAuthenticated()
  return resolved(context, await context.clientAuth.enabled({ kind: 'authenticated', client }))
}

async function byToken(context: HttpContext, request: FastifyRequest): Promise<ClientRules> {
  const caller = await context.callers.identifyByHeaders(request.raw).catch((error: unknown) => {
    // Whatever is wrong with the token, RFC 7662 calls it a client that is not authenticated.
    if (error instanceof Problem && error.status === 401) throw notAuthenticated(error.headers)
    throw error
  })
  if (caller.client === null) throw notAuthenticated()
  return caller.client
}
