/** What a client is told at its redirect URI (RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6). */
export type AuthorizationErrorCode =
  | 'invalid_request'
  | 'unauthorized_client'
  | 'unsupported_response_type'
  | 'invalid_scope'
  | 'invalid_target'
  | 'access_denied'
  | 'server_error'
  | 'temporarily_unavailable'
  | 'request_not_supported'
  | 'request_uri_not_supported'
  | 'registration_not_supported'
  | ProviderErrorCode

/** Those that the client hears as the provider said them. */
export const providerErrors = [
  'interaction_required',
  'login_required',
  'account_selection_required',
  'consent_required',
  'access_denied',
] as const
type ProviderErrorCode = (typeof providerErrors)[number]

export class AuthorizationError extends Error {
  readonly error: AuthorizationErrorCode

  constructor(error: AuthorizationErrorCode, description: string) {
    super(description)
    this.error = error
  }
}
