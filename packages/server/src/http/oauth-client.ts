import type { FastifyRequest } from 'fastify'
import type { ClientRules } from '#authority'
import { Secret } from '#domain'
import { type ClientVerdict, keysUnavailable } from './client-auth.ts'
import type { HttpContext } from './context.ts'
import { headerCredentials } from './credentials.ts'
import { OAuthError } from './oauth-error.ts'
import { invalidRequest, type OAuthForm } from './oauth-form.ts'

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/**
 * Which client sends this request (RFC 6749, section 2.3): Basic, `client_secret`, an assertion, or for
 * a public client its `client_id`. More than one way is an error.
 *
 * @throws OAuthError; StoreUnavailable when a client's keys cannot be fetched
 */
export async function clientOf(
  context: HttpContext,
  request: FastifyRequest,
  form: OAuthForm,
  address: string | null,
): Promise<ClientRules> {
  const { basic, unreadable, tokens } = headerCredentials(request.raw)
  const { values } = form
  const ways = [...basic, values.get('client_secret'), values.get('client_assertion')]
  if (ways.filter((way) => way !== undefined).length > 1) {
    throw invalidRequest('Authenticate the client in one way.')
  }
  // A token is no proof of a client here, and is not silently passed over.
  if (unreadable || tokens.length > 0) throw notAuthenticated()
  const proved = await verify(context, { basic, form, address })
  const client = resolved(context, await context.clientAuth.enabledLately(proved))
  const named = values.get('client_id')
  if (named !== undefined && named !== client.id) {
    throw invalidRequest('client_id is not the client that authenticated.')
  }
  return client
}

interface Proofs {
  readonly basic: ReturnType<typeof headerCredentials>['basic']
  readonly form: OAuthForm
  readonly address: string | null
}

async function verify(context: HttpContext, proofs: Proofs): Promise<ClientVerdict> {
  const { clientAuth } = context
  const { address, form } = proofs
  const [basic] = proofs.basic
  if (basic !== undefined) return clientAuth.basic(basic, address)
  const assertion = form.values.get('client_assertion')
  if (assertion !== undefined) {
    if (form.values.get('client_assertion_type') !== assertionType) {
      throw invalidRequest(`client_assertion_type must be ${assertionType}.`)
    }
    return clientAuth.assertion(assertion, address)
  }
  const id = form.values.get('client_id')
  if (id === undefined) throw notAuthenticated()
  const secret = form.values.get('client_secret')
  if (secret === undefined) return clientAuth.publicClient(id, address)
  return clientAuth.basic({ forms: [{ id, secret: new Secret(secret) }] }, address)
}

/** @throws OAuthError */
export function resolved(context: HttpContext, verdict: ClientVerdict): ClientRules {
  switch (verdict.kind) {
    case 'authenticated':
      return verdict.client
    case 'limited':
      throw context.limiter.oauthRefusal('failedClientAuth', verdict.seconds)
    case 'unavailable':
      throw keysUnavailable()
    case 'failed':
    case 'disabled':
      throw notAuthenticated()
    default:
      return verdict satisfies never
  }
}

/** `headers`: the challenge of the scheme that was tried. */
export function notAuthenticated(headers: Readonly<Record<string, string>> = {}): OAuthError {
  return new OAuthError('invalid_client', {
    description: 'The client could not be authenticated, or is disabled.',
    headers,
  })
}
