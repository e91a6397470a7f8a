import type { FastifyRequest } from 'fastify'
import type { Role } from './callers.ts'
import type { HttpContext } from './context.ts'

/*
 * Who may ask is decided in `onRequest`: before the body is read, and before anything is looked up.
 */

/** Any token of a live session. */
export function sessionOnly(context: HttpContext) {
  return async (request: FastifyRequest): Promise<void> => {
    request.caller = await context.callers.session(request.raw)
  }
}

/** A session or a client, whatever its roles; the route judges them by the body. */
export function anyCaller(context: HttpContext) {
  return async (request: FastifyRequest): Promise<void> => {
    request.caller = await context.callers.identify(request.raw)
  }
}

export function roleOnly(context: HttpContext, ...roles: readonly Role[]) {
  return async (request: FastifyRequest): Promise<void> => {
    request.caller = await context.callers.withRole(request.raw, roles)
  }
}
