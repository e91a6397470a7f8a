/** Every way in which a token is refused, with what it means (API.md, section 10). */
const refusals = {
  missing: [401, 'The request carries no bearer token.'],
  malformed: [401, 'The token is not a signed JWT.'],
  wrong_type: [401, 'The token is not an access token that may be presented alone.'],
  no_sid: [401, 'The token belongs to no session.'],
  bad_signature: [401, 'The token is not signed by a key of the issuer.'],
  wrong_issuer: [401, 'The token is of another issuer.'],
  wrong_audience: [401, 'The token is meant for another service.'],
  expired: [401, 'The token has expired.'],
  not_yet_valid: [401, 'The token is not valid yet.'],
  ended: [401, 'The session of the token has ended.'],
  stale: [503, 'It is not known whether the session has ended: the feed cannot be read.'],
  keys_unavailable: [503, 'The keys of the issuer cannot be read.'],
} as const satisfies Readonly<Record<string, readonly [401 | 503, string]>>

type Refusals = typeof refusals

export type VerifyErrorCode = keyof Refusals

export type StatusOf<Code extends VerifyErrorCode> = Refusals[Code][0]

export interface VerifyErrorParts extends ErrorOptions {
  /** In place of what the code says by itself. */
  readonly message?: string
  readonly dpop?: VerifyError['dpop']
}

/**
 * A token is refused. `status` is what to answer: 401 when the token is at fault, 503 when we are.
 * `isVerifyError` narrows to the union by code, so that `switch (error.code)` knows the status.
 */
export class VerifyError<Code extends VerifyErrorCode = VerifyErrorCode> extends Error {
  override readonly name = 'VerifyError'
  readonly code: Code
  readonly status: StatusOf<Code>
  /** What `WWW-Authenticate: DPoP` says of it (RFC 9449, section 7.1); undefined: it is not about a proof. */
  readonly dpop: 'invalid_token' | 'invalid_dpop_proof' | undefined

  constructor(code: Code, { message, dpop, ...options }: VerifyErrorParts = {}) {
    super(message ?? refusals[code][1], options)
    this.code = code
    this.status = refusals[code][0]
    this.dpop = dpop
  }
}

export type AnyVerifyError = { [Code in VerifyErrorCode]: VerifyError<Code> }[VerifyErrorCode]

export function isVerifyError(error: unknown): error is AnyVerifyError {
  return error instanceof VerifyError
}

/** What can go wrong behind the scenes. Nothing of it changes what is known. */
export type FaultCode =
  | 'feed_unreachable'
  /** 401 or 403: the client's secret, or its role `service`. */
  | 'feed_unauthorised'
  /** Another status than 200. */
  | 'feed_refused'
  | 'feed_malformed'
  | 'feed_oversized'
  | 'stream_failed'
  | 'keys_failed'
  /** What came over a push channel is not a message of Curfew's. */
  | 'push_malformed'
  /** More ended sessions than `denylistLargeAt`. Nothing is dropped; find out why, and give it memory. */
  | 'denylist_large'
  | 'state_failed'
  /** The first load took longer than `startTimeout`. */
  | 'start_timeout'

/** Told to `on('error')`, and thrown by `createVerifier` when it gives up. */
export class VerifierFault extends Error {
  override readonly name = 'VerifierFault'
  readonly code: FaultCode

  constructor(code: FaultCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
