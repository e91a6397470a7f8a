import { clientCredentials } from './client-credentials.ts'
import type { GrantHandler } from './grant.ts'
import { refreshToken } from './refresh-token.ts'
import { tokenExchange, tokenExchangeGrant } from './token-exchange.ts'

/** Who answers which `grant_type` at the token endpoint. */
export const grantHandlers: ReadonlyMap<string, GrantHandler> = new Map([
  ['refresh_token', refreshToken],
  ['client_credentials', clientCredentials],
  [tokenExchangeGrant, tokenExchange],
])
