import type { FlowFailure } from '#oidc'
import {
  AuthorizationError,
  type AuthorizationErrorCode,
  providerErrors,
} from './authorization-error.ts'

const errorFor: Readonly<Record<FlowFailure['code'], AuthorizationErrorCode>> = {
  provider_unknown: 'invalid_request',
  provider_unavailable: 'temporarily_unavailable',
  provider_error: 'server_error',
  access_denied: 'access_denied',
  flow_missing: 'access_denied',
  flow_expired: 'access_denied',
  flow_used: 'access_denied',
  response_incomplete: 'server_error',
  code_refused: 'server_error',
  client_refused: 'server_error',
  identity_invalid: 'server_error',
  subject_mismatch: 'server_error',
  claims_incomplete: 'access_denied',
  not_allowed: 'access_denied',
  loop: 'server_error',
}

/** What the application hears of a sign-in that did not come about. */
export function errorOfFlow({ code, text, providerError }: FlowFailure): AuthorizationError {
  const said = providerErrors.find((one) => one === providerError)
  return new AuthorizationError(said ?? errorFor[code], text)
}
