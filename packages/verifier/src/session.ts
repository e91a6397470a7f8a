import type { AccessClaims } from './access-token.ts'
import type { SessionId, UserId } from './ids.ts'
import type { Thread } from './threads.ts'

/** A session that is live, as of one verified token. Frozen, all the way down. */
export interface Session {
  readonly sid: SessionId
  readonly sub: UserId
  readonly roles: readonly string[]
  /** All claims of the token. */
  readonly claims: AccessClaims
  /** When the token expires; the session may go on with another one. */
  readonly expiresAt: Date
  /**
   * Aborts when the session ends (`streams: 'untilEnd'`) or the newest token verified for it expires
   * (`'untilExpiry'`), with a `VerifyError` of code `ended` or `expired` as the reason. One for all
   * tokens of the session. It costs nothing while nobody listens; once `aborted` was read, which
   * `AbortSignal.any` does too, it is held until it aborts.
   */
  readonly signal: AbortSignal
}

const noRoles: readonly string[] = Object.freeze([])

export function createSession(claims: AccessClaims, thread: Thread): Session {
  const { sid, sub, roles = noRoles, exp } = claims
  const session = { sid, sub, roles, claims }
  return Object.freeze(
    Object.defineProperties(session, {
      // A new one each time: a Date cannot be frozen.
      expiresAt: { enumerable: true, get: () => new Date(exp * 1000) },
      // Made when first asked for: most requests never do.
      signal: { enumerable: true, get: () => thread.signal },
    }),
  ) as Session
}
