import type { IncomingRequest } from './bearer.ts'
import { isVerifyError } from './errors.ts'
import type { Session } from './session.ts'
import type { Verifier } from './verifier.ts'

export interface GateOptions {
  /** The session needs one of these roles. */
  readonly roles?: readonly string[]
  /** The session needs every one of these roles. */
  readonly allRoles?: readonly string[]
  /** A request without a token passes, without a session. One with a bad token is refused all the same. */
  readonly optional?: boolean
}

/** What passes the gate: where `optional` may be true, there need be no session. */
export type SessionOf<Options extends GateOptions> = 'optional' extends keyof Options
  ? true extends Options['optional']
    ? Session | undefined
    : Session
  : Session

/** The session is good, and may not do this. */
export class ForbiddenError extends Error {
  override readonly name = 'ForbiddenError'
  readonly code = 'forbidden'
  readonly status = 403
}

/** What every adapter asks. @throws VerifyError, ForbiddenError */
export async function admit(
  verifier: Pick<Verifier, 'authenticate'>,
  request: IncomingRequest,
  options: GateOptions,
): Promise<Session | undefined> {
  const session = await authenticated(verifier, request, options)
  if (session !== undefined && !mayPass(session.roles, options)) {
    throw new ForbiddenError('The session lacks a role that is needed here.')
  }
  return session
}

async function authenticated(
  verifier: Pick<Verifier, 'authenticate'>,
  request: IncomingRequest,
  { optional = false }: GateOptions,
): Promise<Session | undefined> {
  try {
    return await verifier.authenticate(request)
  } catch (error) {
    if (optional && isVerifyError(error) && error.code === 'missing') return undefined
    throw error
  }
}

function mayPass(held: readonly string[], { roles, allRoles = [] }: GateOptions): boolean {
  const oneOf = roles === undefined || roles.some((role) => held.includes(role))
  return oneOf && allRoles.every((role) => held.includes(role))
}
