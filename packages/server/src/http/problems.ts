/*
 * Everything that goes wrong off /oauth/* is one of these codes (RFC 9457, API.md section 8). The table
 * is the one source: docs/reference/errors.md is generated from it.
 */

export interface ProblemKind {
  readonly status: number
  readonly title: string
  /** What the reader of the reference is told to do. */
  readonly hint: string
}

export const problemKinds = {
  invalid_request: {
    status: 400,
    title: 'The request is not valid',
    hint: 'Mend what `errors` names; all mistakes are listed at once.',
  },
  malformed_body: {
    status: 400,
    title: 'The body cannot be read',
    hint: 'Send one JSON value in UTF-8 with the right Content-Length.',
  },
  several_credentials: {
    status: 400,
    title: 'The credentials belong to different sessions',
    hint: 'Send one credential: `Authorization`, or the `token` header, or the body.',
  },
  unknown_client: {
    status: 400,
    title: 'The client is not configured',
    hint: 'Name a client of `clients`.',
  },
  unknown_device: {
    status: 400,
    title: 'The device class is not configured',
    hint: 'Name a class of `sessions.devices`.',
  },
  return_to_refused: {
    status: 400,
    title: 'The address to return to is not allowed',
    hint: 'Use a path, or a URL on the host of publicUrl, of a rule, under the cookie domain, or in `gateway.returnTo`.',
  },
  unknown_provider: {
    status: 400,
    title: 'This way of signing in is not known',
    hint: 'Name the id of one of `identityProviders`.',
  },
  sign_in_invalid: {
    status: 400,
    title: 'The sign-in cannot be finished',
    hint: 'It began in another browser, took too long, or was finished before: begin again at /login.',
  },
  unauthenticated: {
    status: 401,
    title: 'A credential is needed',
    hint: 'Send an access token or a session token as `Authorization: Bearer`, or client credentials where a client may act.',
  },
  invalid_token: {
    status: 401,
    title: 'The token is not good',
    hint: 'It is malformed, expired, forged, or of the wrong kind for this request. Refresh it or sign in again.',
  },
  invalid_dpop_proof: {
    status: 401,
    title: 'The proof of possession is missing or not good',
    hint: 'Send the token as `Authorization: DPoP` with one `DPoP` header (RFC 9449, section 7), made anew for each request, or a token that is not bound as Bearer.',
  },
  use_dpop_nonce: {
    status: 401,
    title: 'The proof of possession needs a nonce',
    hint: 'Make the proof again, with the nonce of the `DPoP-Nonce` header.',
  },
  invalid_client: {
    status: 401,
    title: 'The client could not be authenticated',
    hint: 'Check the id and the secret of the client, and whether it is disabled.',
  },
  session_ended: {
    status: 401,
    title: 'The session has ended',
    hint: '`revoked_reason` and `revoked_at` say why and when. Sign in again.',
  },
  forbidden: {
    status: 403,
    title: 'The caller lacks the role',
    hint: 'Give the role in `users` or `clients` of the configuration.',
  },
  roles_not_granted: {
    status: 403,
    title: 'The client may not give these roles',
    hint: "Add them to the client's `mayGrant`. `admin`, `issuer` and `service` are never given.",
  },
  admin_not_granted: {
    status: 403,
    title: 'The client may not start sessions for administrators',
    hint: 'Set `mayStartAdmins` for the client, or sign the administrator in elsewhere.',
  },
  user_disabled: {
    status: 403,
    title: 'The user is disabled',
    hint: 'Enable the user first: `POST /users/{uid}/enable`.',
  },
  sign_in_denied: {
    status: 403,
    title: 'The sign-in was refused',
    hint: 'Sign in with an account that `allow` lets in, or begin again.',
  },
  cross_site: {
    status: 403,
    title: 'The request came from another site',
    hint: 'A request that brings a cookie needs `Origin` equal to the origin of publicUrl, or `Sec-Fetch-Site: same-origin`.',
  },
  not_found: {
    status: 404,
    title: 'There is nothing here',
    hint: 'Check the path (no trailing slash) and the id. What the caller may not see is not found either.',
  },
  method_not_allowed: {
    status: 405,
    title: 'The path has no such method',
    hint: 'Use one of the methods in `Allow`.',
  },
  fence_moved: {
    status: 409,
    title: 'The user was signed out everywhere meanwhile',
    hint: 'Capture the fence again, authenticate the user again, then start the session.',
  },
  already_ended: {
    status: 409,
    title: 'The session has ended and cannot change',
    hint: 'Start a new session.',
  },
  body_too_large: {
    status: 413,
    title: 'The body is too large',
    hint: 'Send less.',
  },
  uri_too_long: {
    status: 414,
    title: 'The path is too long',
    hint: 'Send a shorter path.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The content type is not supported',
    hint: 'Send `Content-Type: application/json` (`application/x-www-form-urlencoded` on /oauth/*).',
  },
  rate_limited: {
    status: 429,
    title: 'Too many requests',
    hint: 'Wait for as long as `Retry-After` says. The limits are those of `limits`.',
  },
  headers_too_large: {
    status: 431,
    title: 'The headers are too large',
    hint: 'Send fewer cookies and shorter headers.',
  },
  internal: {
    status: 500,
    title: 'Something unexpected happened',
    hint: 'The log has the details under the `reference` of the answer.',
  },
  sign_in_failed: {
    status: 502,
    title: 'The identity provider could not sign you in',
    hint: 'The log says what it answered; `curfew check` tries the provider.',
  },
  provider_unavailable: {
    status: 503,
    title: 'The identity provider cannot be reached',
    hint: 'Try again in a minute; sessions that exist go on.',
  },
  sign_in_loop: {
    status: 508,
    title: 'The sign-in goes round in circles',
    hint: 'The application does not get the cookie: check `gateway.cookie.domain`, https, and that the proxy passes Set-Cookie on.',
  },
  unavailable: {
    status: 503,
    title: 'The store cannot be reached',
    hint: 'Repeat the request after `Retry-After`. Nothing was concluded about any session.',
  },
  key_missing: {
    status: 503,
    title: 'This replica lacks a secret that others hold',
    hint: 'Give every replica the same `secrets`; then repeat the request.',
  },
  not_ready: {
    status: 503,
    title: 'This replica is not ready',
    hint: '`dependencies` says what is missing.',
  },
} as const satisfies Record<string, ProblemKind>

export type ProblemCode = keyof typeof problemKinds

/** One mistake in the input. `pointer` is a JSON pointer (RFC 6901) into what `in` names. */
export interface InputMistake {
  readonly in: 'body' | 'query' | 'path'
  readonly pointer: string
  readonly detail: string
}

export interface ProblemParts {
  readonly detail?: string
  readonly errors?: readonly InputMistake[]
  /** Further members of the answer, such as `revoked_reason`. */
  readonly members?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
}

/** An answer that is an error. Thrown by whoever finds it, written in one place: error-answers.ts. */
export class Problem extends Error {
  readonly code: ProblemCode
  readonly parts: ProblemParts

  constructor(code: ProblemCode, parts: ProblemParts = {}) {
    super(parts.detail ?? problemKinds[code].title)
    this.code = code
    this.parts = parts
  }

  get status(): number {
    return problemKinds[this.code].status
  }

  get headers(): Readonly<Record<string, string>> {
    return { ...defaultHeaders[this.code], ...this.parts.headers }
  }

  /** RFC 9457, section 3. */
  body(): Readonly<Record<string, unknown>> {
    const { title, status } = problemKinds[this.code]
    const { errors, members } = this.parts
    return {
      type: `urn:curfew:problem:${this.code}`,
      code: this.code,
      title,
      status,
      detail: this.message,
      ...(errors === undefined ? {} : { errors }),
      ...members,
    }
  }
}

/** HTTP wants a challenge with each 401 (RFC 9110, section 11.6.1), and we name a time with each 503. */
const defaultHeaders: Partial<Record<ProblemCode, Readonly<Record<string, string>>>> = {
  unauthenticated: { 'www-authenticate': 'Bearer' },
  invalid_token: { 'www-authenticate': 'Bearer error="invalid_token"' },
  session_ended: { 'www-authenticate': 'Bearer error="invalid_token"' },
  invalid_dpop_proof: { 'www-authenticate': 'DPoP error="invalid_dpop_proof"' },
  use_dpop_nonce: { 'www-authenticate': 'DPoP error="use_dpop_nonce"' },
  invalid_client: { 'www-authenticate': 'Basic realm="curfew", charset="UTF-8"' },
  rate_limited: { 'retry-after': '1' },
  unavailable: { 'retry-after': '1' },
  key_missing: { 'retry-after': '30' },
  provider_unavailable: { 'retry-after': '10' },
  not_ready: { 'retry-after': '1' },
}

export function invalid(where: InputMistake['in'], pointer: string, detail: string): Problem {
  return new Problem('invalid_request', {
    detail: `${pointer === '' ? `The ${where}` : pointer} ${detail}.`,
    errors: [{ in: where, pointer, detail }],
  })
}

/** The same answer for a malformed id, an unknown one, and one that is not the caller's. */
export function noSuchSession(): Problem {
  return new Problem('not_found', { detail: 'There is no such session.' })
}

/** Nobody changes the roles or claims of a client's own session by the API. */
export function clientsAreConfigured(): Problem {
  return new Problem('forbidden', {
    detail: 'What a client may do is said in the configuration alone.',
  })
}
