import { oauthTokenJson } from '../answers.ts'
import { endMembers } from '../callers.ts'
import type { HttpContext } from '../context.ts'
import { OAuthError } from '../oauth-error.ts'
import { required } from '../oauth-form.ts'
import { type Grant, wishOf } from './grant.ts'

const tokenLengthMax = 4096

/** `refresh_token` (RFC 6749, section 6). */
export async function refreshToken(context: HttpContext, grant: Grant): Promise<object> {
  const token = required(grant.form, 'refresh_token')
  if (token.length > tokenLengthMax) throw badGrant()
  limitSession(context, token)
  const wish = wishOf(context, grant)
  const answer = await context.authority.refresh({
    token,
    clientId: grant.client.id,
    dpopThumbprint: grant.dpopThumbprint,
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
