import { deviceCodeGrant } from '#authority'
import { authorizationCode } from './authorization-code.ts'
import { clientCredentials } from './client-credentials.ts'
import { deviceCode } from './device-code.ts'
import type { GrantHandler } from './grant.ts'
import { refreshToken } from './refresh-token.ts'
import { tokenExchange, tokenExchangeGrant } from './token-exchange.ts'

/** Who answers which `grant_type` at the token endpoint. */
export const grantHandlers: ReadonlyMap<string, GrantHandler> = new Map([
  ['authorization_code', authorizationCode],
  ['refresh_token', refreshToken],
  ['client_credentials', clientCredentials],
  [deviceCodeGrant, deviceCode],
  [tokenExchangeGrant, tokenExchange],
])
