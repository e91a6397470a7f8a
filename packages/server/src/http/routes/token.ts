import type { FastifyReply, FastifyRequest } from 'fastify'
import { type ClientRules, noWish, StoreUnavailable, type TokenWish } from '#authority'
import { addressKey } from '../address.ts'
import { oauthTokenJson } from '../answers.ts'
import { endMembers } from '../callers.ts'
import type { App, HttpContext } from '../context.ts'
import { clientOf, notAuthenticated } from '../oauth-client.ts'
import { OAuthError } from '../oauth-error.ts'
import { formOf, type OAuthForm, required, tokenForm } from '../oauth-form.ts'

const userAgentMax = 512
const tokenLengthMax = 4096

/** `POST /oauth/token` (RFC 6749). The busiest route by far: few hooks, no schema, prepared headers. */
export function tokenRoute(app: App, context: HttpContext): void {
  app.post(
    '/oauth/token',
    {
      config: { group: 'token', who: 'clients', form: tokenForm },
      schema: {
        tags: ['OAuth 2.0'],
        summary: 'Grants `refresh_token` and `client_credentials`',
        consumes: ['application/x-www-form-urlencoded'],
      },
    },
    (request, reply) => exchange(context, request, reply),
  )
}

interface Grant {
  readonly client: ClientRules
  readonly form: OAuthForm
  readonly address: string | null
  readonly userAgent: string | null
}

type GrantType = 'refresh_token' | 'client_credentials'

async function exchange(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const form = formOf(request)
  const type = grantType(required(form, 'grant_type'))
  const address = context.addresses.of(request.raw)
  limitAddress(context, address)
  const agent = request.headers['user-agent']
  const userAgent = agent === undefined ? null : agent.slice(0, userAgentMax)
  const answer = await counted(context, type, async () => {
    const client = await clientOf(context, request, form, address)
    if (!client.grants.includes(type)) throw notAllowed(type)
    const grant = { client, form, address, userAgent }
    return type === 'refresh_token' ? refresh(context, grant) : own(context, grant)
  })
  // RFC 6749, section 5.1; `Cache-Control: no-store` stands in every answer.
  reply.header('pragma', 'no-cache')
  return reply.type('application/json').send(JSON.stringify(answer))
}

function notAllowed(type: GrantType): OAuthError {
  return new OAuthError('unauthorized_client', { description: `The client may not use ${type}.` })
}

function grantType(text: string): GrantType {
  if (text === 'refresh_token' || text === 'client_credentials') return text
  throw new OAuthError('unsupported_grant_type', {
    description: 'Use refresh_token or client_credentials.',
  })
}

function limitAddress(context: HttpContext, address: string | null): void {
  const seconds = context.limiter.take('tokenRequestsPerAddress', addressKey(address))
  if (seconds > 0) throw context.limiter.oauthRefusal('tokenRequestsPerAddress', seconds)
}

async function refresh(context: HttpContext, grant: Grant) {
  const token = required(grant.form, 'refresh_token')
  if (token.length > tokenLengthMax) throw badGrant()
  limitSession(context, token)
  const wish = wishOf(context, grant)
  const answer = await context.authority.refresh({
    token,
    clientId: grant.client.id,
    dpopThumbprint: null,
    seen: { ip: grant.address, userAgent: grant.userAgent },
    wish,
  })
  switch (answer.kind) {
    case 'refreshed':
      return oauthTokenJson(answer.tokens, wish)
    case 'ended':
      throw new OAuthError('invalid_grant', {
        description: 'The session has ended.',
        members: endMembers(answer.end),
      })
    case 'refused':
      throw badGrant()
    default:
      return answer satisfies never
  }
}

/** One answer for forged, expired and another client's: it tells a thief nothing. */
function badGrant(): OAuthError {
  return new OAuthError('invalid_grant', { description: 'The refresh token is not good.' })
}

/** A token that names no session is left to the authority, which refuses it without the store. */
function limitSession(context: HttpContext, token: string): void {
  if (context.settings.limits.tokenRequestsPerSession === null) return
  const opened = context.opaque.open('refresh', token)
  if (opened.kind !== 'opened') return
  const seconds = context.limiter.take('tokenRequestsPerSession', opened.token.sid)
  if (seconds > 0) throw context.limiter.oauthRefusal('tokenRequestsPerSession', seconds)
}

/** A refresh that an outage prevented is counted, wherever on its way it met the outage. */
async function counted<Answer>(
  context: HttpContext,
  type: GrantType,
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

async function own(context: HttpContext, grant: Grant) {
  const { client, address, userAgent } = grant
  // A public client has nothing that proves it (RFC 6749, section 4.4; rule 18).
  if (!client.confidential) throw notAuthenticated()
  const wish = wishOf(context, grant)
  const answer = await context.authority.clientToken({ client, ip: address, userAgent, wish })
  switch (answer.kind) {
    case 'issued':
      return oauthTokenJson(answer.tokens, wish)
    case 'client-disabled':
      throw notAuthenticated()
    case 'fence-moved':
      // The client was signed out everywhere while this ran: the next request begins after it.
      throw new StoreUnavailable(new Error('the fence of a client moved during its own start'))
    default:
      return answer satisfies never
  }
}

function wishOf(context: HttpContext, { client, form }: Grant): TokenWish {
  const scope = form.values.get('scope') ?? null
  if (scope === null && form.resources.length === 0) return noWish
  const { policy } = context.authority
  const foreign = form.resources.some(
    (resource) => resource !== policy.issuer && !policy.audience.includes(resource),
  )
  if (foreign) {
    throw new OAuthError('invalid_target', {
      description: 'A `resource` is not one of the configured audiences.',
    })
  }
  const wanted = scope?.split(' ').filter((name) => name !== '') ?? []
  if (wanted.some((name) => !client.scopes.includes(name))) {
    throw new OAuthError('invalid_scope', { description: "The scope exceeds the client's." })
  }
  return {
    resources: form.resources,
    scope: scope === null ? null : [...new Set(wanted)].join(' '),
  }
}
