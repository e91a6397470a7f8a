import { oauthTokenJson } from '../answers.ts'
import type { HttpContext } from '../context.ts'
import { OAuthError } from '../oauth-error.ts'
import { required } from '../oauth-form.ts'
import { type Grant, wishOf } from './grant.ts'

/** `authorization_code` (RFC 6749, section 4.1.3), always with PKCE (RFC 7636). */
export async function authorizationCode(context: HttpContext, grant: Grant): Promise<object> {
  const { client, form, dpopThumbprint } = grant
  const code = required(form, 'code')
  const redirectUri = required(form, 'redirect_uri')
  const verifier = required(form, 'code_verifier')
  const wish = wishOf(context, grant)
  const presented = { code, redirectUri, verifier, dpopThumbprint }
  const answer = await context.authority.redeemCode({ client, ...presented, wish })
  context.metrics.count('curfew_codes_total', { result: answer.kind })
  switch (answer.kind) {
    case 'redeemed':
      return oauthTokenJson(answer.tokens, wish)
    case 'other-target':
      throw new OAuthError('invalid_target', {
        description: 'The authorization request did not name this resource.',
      })
    case 'refused':
    case 'reused':
      throw badCode('The code is not good.')
    case 'overtaken':
      throw badCode('The person was signed out meanwhile, or is disabled.')
    default:
      return answer satisfies never
  }
}

/** One answer for forged, expired, used, another client's and a wrong verifier: it tells a thief nothing. */
function badCode(description: string): OAuthError {
  return new OAuthError('invalid_grant', { description })
}
