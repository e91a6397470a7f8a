import type { FastifyReply, FastifyRequest } from 'fastify'
import { type ClientRules, deviceCodeGrant, deviceLifetimeMs, pollIntervalMs } from '#authority'
import { formatUserCode } from '#domain'
import { addressKey } from '../address.ts'
import type { App, HttpContext } from '../context.ts'
import { wishOf } from '../grants/grant.ts'
import { clientOf } from '../oauth-client.ts'
import { OAuthError } from '../oauth-error.ts'
import { deviceAuthorizationForm, formOf } from '../oauth-form.ts'
import { userAgentOf } from '../user-agent.ts'

/** `POST /oauth/device_authorization` (RFC 8628, section 3.1): a screen asks to be signed in. */
export function deviceAuthorizationRoute(app: App, context: HttpContext): void {
  app.post(
    '/oauth/device_authorization',
    {
      config: { group: 'oauth', who: 'clients', form: deviceAuthorizationForm },
      schema: {
        tags: ['OAuth 2.0'],
        summary: 'A device code for a screen, and what it shows (RFC 8628)',
        consumes: ['application/x-www-form-urlencoded'],
      },
    },
    (request, reply) => authorize(context, request, reply),
  )
}

async function authorize(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const form = formOf(request)
  const address = context.addresses.of(request.raw)
  const client = await clientOf(context, request, form, address)
  if (!client.grants.includes(deviceCodeGrant)) {
    const description = 'The client may not use the device grant.'
    throw new OAuthError('unauthorized_client', { description })
  }
  limitDevices(context, client, address)
  const userAgent = userAgentOf(request)
  const { resources, scope } = wishOf(context, { client, form })
  const begun = await context.devices.begin({
    ...{ clientId: client.id, resources, ip: address, userAgent },
    scope: scope ?? client.scopes.join(' '),
  })
  return reply.send(answerOf(context, begun))
}

function limitDevices(context: HttpContext, { id }: ClientRules, address: string | null): void {
  const seconds = context.limiter.take('deviceAuthorizations', `${id} ${addressKey(address)}`)
  if (seconds > 0) throw context.limiter.oauthRefusal('deviceAuthorizations', seconds)
}

function answerOf(
  { settings: { publicUrl } }: HttpContext,
  begun: Awaited<ReturnType<HttpContext['devices']['begin']>>,
) {
  const userCode = formatUserCode(begun.userCode.reveal())
  return {
    device_code: begun.deviceCode.reveal(),
    user_code: userCode,
    verification_uri: `${publicUrl}/device`,
    verification_uri_complete: `${publicUrl}/device?user_code=${userCode}`,
    expires_in: deviceLifetimeMs / 1000,
    interval: pollIntervalMs / 1000,
    // Good for looking alone, so that it may stand in an address (rule 19).
    events_uri: `${publicUrl}/device/events?watch=${begun.watch.reveal()}`,
  }
}
