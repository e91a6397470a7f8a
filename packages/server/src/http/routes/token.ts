import type { FastifyReply, FastifyRequest } from 'fastify'
import { StoreUnavailable } from '#authority'
import { addressKey } from '../address.ts'
import type { App, HttpContext } from '../context.ts'
import { proofOf } from '../dpop.ts'
import type { GrantHandler } from '../grants/grant.ts'
import { grantHandlers } from '../grants/grants.ts'
import { clientOf } from '../oauth-client.ts'
import { OAuthError } from '../oauth-error.ts'
import { formOf, required, tokenForm } from '../oauth-form.ts'
import { userAgentOf } from '../user-agent.ts'

/** `POST /oauth/token` (RFC 6749). The busiest route by far: few hooks, no schema, prepared headers. */
export function tokenRoute(app: App, context: HttpContext): void {
  app.post(
    '/oauth/token',
    {
      config: { group: 'token', who: 'clients', form: tokenForm },
      schema: {
        tags: ['OAuth 2.0'],
        summary: 'Tokens for a grant',
        consumes: ['application/x-www-form-urlencoded'],
      },
    },
    (request, reply) => exchange(context, request, reply),
  )
}

async function exchange(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const form = formOf(request)
  const type = required(form, 'grant_type')
  const handle = handlerOf(type)
  const address = context.addresses.of(request.raw)
  limitTokenRequests(context, address)
  const userAgent = userAgentOf(request)
  const answer = await counted(context, type, async () => {
    const client = await clientOf(context, request, form, address)
    if (!client.grants.includes(type)) throw notAllowed(type)
    const dpopThumbprint = await proofOf(context, request, client)
    // Whoever has to use a nonce is told the next one in time (RFC 9449, section 8.2).
    if (client.dpop === 'nonce') reply.header('dpop-nonce', context.dpop.nonce())
    return handle(context, { client, form, address, userAgent, dpopThumbprint })
  })
  // RFC 6749, section 5.1; `Cache-Control: no-store` stands in every answer.
  reply.header('pragma', 'no-cache')
  return reply.type('application/json').send(JSON.stringify(answer))
}

function notAllowed(type: string): OAuthError {
  return new OAuthError('unauthorized_client', { description: `The client may not use ${type}.` })
}

/** @throws OAuthError unsupported_grant_type */
function handlerOf(type: string): GrantHandler {
  const handler = grantHandlers.get(type)
  if (handler !== undefined) return handler
  const description = `Use one of: ${[...grantHandlers.keys()].join(', ')}.`
  throw new OAuthError('unsupported_grant_type', { description })
}

/** @throws OAuthError 429 */
export function limitTokenRequests(context: HttpContext, address: string | null): void {
  const seconds = context.limiter.take('tokenRequestsPerAddress', addressKey(address))
  if (seconds > 0) throw context.limiter.oauthRefusal('tokenRequestsPerAddress', seconds)
}

/** A refresh that an outage prevented is counted, wherever on its way it met the outage. */
async function counted<Answer>(
  context: HttpContext,
  type: string,
  act: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await act()
  } catch (error) {
    if (type === 'refresh_token' && error instanceof StoreUnavailable) {
      context.metrics.count('curfew_refresh_total', { result: 'unavailable' })
    }
    throw error
  }
}
