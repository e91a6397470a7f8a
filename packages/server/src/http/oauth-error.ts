/** The errors of /oauth/* (RFC 6749 section 5.2, RFC 7009, RFC 8707, RFC 9449). */
export const oauthErrors = {
  invalid_request: { status: 400, when: 'a parameter is missing, repeated or malformed' },
  invalid_client: { status: 401, when: 'the client could not be authenticated, or is disabled' },
  invalid_grant: {
    status: 400,
    when: 'the refresh token is not good; `revoked_reason` and `revoked_at` when its session has ended',
  },
  unauthorized_client: { status: 400, when: 'the client may not use this grant' },
  unsupported_grant_type: { status: 400, when: 'the grant type is not supported' },
  invalid_scope: { status: 400, when: "the scope exceeds the client's" },
  invalid_target: { status: 400, when: '`resource` names no configured audience (RFC 8707)' },
  invalid_dpop_proof: {
    status: 400,
    when: 'the `DPoP` header holds no good proof, or more than one',
  },
  use_dpop_nonce: {
    status: 400,
    when: 'the proof has to name the nonce of the `DPoP-Nonce` header of this answer',
  },
  temporarily_unavailable: {
    status: 503,
    when: 'the store cannot be reached (503), or a limit was reached (429); see `Retry-After`',
  },
  server_error: { status: 500, when: 'something unexpected; `reference` leads to the log' },
} as const

export type OAuthErrorCode = keyof typeof oauthErrors

export interface OAuthErrorParts {
  readonly description: string
  readonly status?: number
  readonly members?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
}

export class OAuthError extends Error {
  readonly error: OAuthErrorCode
  readonly parts: OAuthErrorParts

  constructor(error: OAuthErrorCode, parts: OAuthErrorParts) {
    super(parts.description)
    this.error = error
    this.parts = parts
  }

  get status(): number {
    return this.parts.status ?? oauthErrors[this.error].status
  }

  get headers(): Readonly<Record<string, string>> {
    // RFC 6749, section 5.2, and RFC 9110: a 401 names the scheme that would do.
    const challenge = this.status === 401 ? { 'www-authenticate': basicChallenge } : {}
    return { ...challenge, ...this.parts.headers }
  }

  body(): Readonly<Record<string, unknown>> {
    return { error: this.error, error_description: this.parts.description, ...this.parts.members }
  }
}

const basicChallenge = 'Basic realm="curfew", charset="UTF-8"'
