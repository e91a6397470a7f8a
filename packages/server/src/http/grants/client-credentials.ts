import { StoreUnavailable } from '#authority'
import { oauthTokenJson } from '../answers.ts'
import type { HttpContext } from '../context.ts'
import { notAuthenticated } from '../oauth-client.ts'
import { type Grant, wishOf } from './grant.ts'

/** `client_credentials` (RFC 6749, section 4.4): the client's own session. */
export async function clientCredentials(context: HttpContext, grant: Grant): Promise<object> {
  const { client, address: ip, userAgent, dpopThumbprint } = grant
  // A public client has nothing that proves it (RFC 6749, section 4.4; rule 18).
  if (!client.confidential) throw notAuthenticated()
  const wish = wishOf(context, grant)
  const asked = { client, ip, userAgent, wish, dpopThumbprint }
  const answer = await context.authority.clientToken(asked)
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
