import { type ExchangeAnswer, StoreUnavailable } from '#authority'
import type { SubjectTokenVerdict } from '#oidc'
import { oauthTokenJson } from '../answers.ts'
import type { HttpContext } from '../context.ts'
import { OAuthError } from '../oauth-error.ts'
import { invalidRequest, type OAuthForm, required } from '../oauth-form.ts'
import { type Grant, wishOf } from './grant.ts'

export const tokenExchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'

const idTokenType = 'urn:ietf:params:oauth:token-type:id_token'
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
const refreshTokenType = 'urn:ietf:params:oauth:token-type:refresh_token'

/** A provider's ID token for a session (RFC 8693; rule 32). */
export async function tokenExchange(context: HttpContext, grant: Grant): Promise<object> {
  const { client, address: ip, userAgent, dpopThumbprint } = grant
  if (!client.confidential) {
    const description = 'Only a client that authenticates may exchange tokens.'
    throw new OAuthError('unauthorized_client', { description })
  }
  const token = subjectTokenOf(grant.form)
  checkRequested(grant)
  const { resources, audiences } = grant.form
  // One meaning here: the services that the access token is for (RFC 8693, section 2.1).
  const form = { ...grant.form, resources: [...resources, ...audiences] }
  const wish = wishOf(context, { ...grant, form })
  // Before the token is looked at: whoever is signed out everywhere from now on stays so (rule 1).
  const fence = await context.authority.fence()
  const { identity, digest, issuedAt, rememberUntil } = await judged(context, token)
  limitPerson(context, identity.uid)
  const once = { digest, rememberUntil }
  const asked = { client, fence, ip, userAgent, wish, dpopThumbprint }
  const input = { identity, once, issuedAt, ...asked }
  const answer = await context.exchange.start(input)
  if (answer.kind !== 'issued') throw refused(context, answer)
  return { ...oauthTokenJson(answer.tokens, wish), issued_token_type: accessTokenType }
}

/** @throws OAuthError invalid_request */
function subjectTokenOf(form: OAuthForm): string {
  const token = required(form, 'subject_token')
  if (required(form, 'subject_token_type') !== idTokenType) {
    throw invalidRequest(`subject_token_type must be ${idTokenType}.`)
  }
  // Nobody acts for anybody else here; passed over, it would look as if it had counted.
  if (form.values.has('actor_token') || form.values.has('actor_token_type')) {
    throw invalidRequest('An actor_token is not supported.')
  }
  return token
}

/**
 * The answer holds an access token, and a refresh token beside it where the client has that grant: so
 * either may be asked for, and `issued_token_type` names what stands in `access_token`.
 */
function checkRequested({ client, form }: Grant): void {
  const wanted = form.values.get('requested_token_type') ?? accessTokenType
  if (wanted === accessTokenType) return
  if (wanted !== refreshTokenType) {
    throw invalidRequest('requested_token_type is not one of access_token and refresh_token.')
  }
  if (client.grants.includes('refresh_token')) return
  throw invalidRequest('The client may not refresh, so it gets no refresh token.')
}

/** RFC 8693, section 2.2.2: invalid or against the policy, a subject token is `invalid_request`. */
async function judged(
  context: HttpContext,
  token: string,
): Promise<Extract<SubjectTokenVerdict, { kind: 'subject' }>> {
  const verdict = await context.exchange.verify(token)
  switch (verdict.kind) {
    case 'subject':
      return verdict
    case 'invalid':
      context.log.info({ why: verdict.why, detail: verdict.detail }, 'a subject token was refused')
      throw invalidRequest(`The subject token is not good: ${verdict.why}.`)
    case 'unavailable':
      throw new StoreUnavailable(new Error("the provider's keys cannot be read"))
    default:
      return verdict satisfies never
  }
}

function limitPerson(context: HttpContext, uid: string): void {
  const seconds = context.limiter.take('sessionStarts', uid)
  if (seconds > 0) throw context.limiter.oauthRefusal('sessionStarts', seconds)
}

function refused(
  context: HttpContext,
  { kind }: Exclude<ExchangeAnswer, { kind: 'issued' }>,
): OAuthError {
  context.log.info({ why: kind }, 'a subject token was refused')
  return invalidRequest(refusals[kind])
}

const refusals: Readonly<Record<Exclude<ExchangeAnswer['kind'], 'issued'>, string>> = {
  'token-used': 'The subject token was used before.',
  'fence-moved': 'The person was signed out everywhere meanwhile; begin again.',
  'user-disabled': 'The person is disabled.',
  'provider-logged-out': 'The provider has ended the sign-in of the subject token.',
}
