/*
 * For Fastify 5: `app.addHook('onRequest', curfew(verifier))`, or `onRequest` of a route; then
 * `request.curfew`.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { admit, type GateOptions } from './gate.ts'
import { refusalOf } from './refusal.ts'
import type { Session } from './session.ts'
import type { Verifier } from './verifier.ts'

export type { GateOptions }

declare module 'fastify' {
  interface FastifyRequest {
    /** The session of the request's token; undefined where `optional` let a request without one pass. */
    curfew?: Session
  }
}

/** Refuses with 401, 403 or 503, and hands on everything else. */
export function curfew(
  verifier: Verifier,
  options: GateOptions = {},
): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  return async (request, reply) => {
    try {
      const { headers, method, url, originalUrl, raw } = request
      // Only the raw ones show a header that came twice.
      const shown = { headers, method, url, originalUrl, rawHeaders: raw.rawHeaders }
      const session = await admit(verifier, shown, options)
      if (session !== undefined) request.curfew = session
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal === undefined) throw error
      await reply.code(refusal.status).headers(refusal.headers).send(refusal.body)
    }
  }
}

/** The session of a request behind `curfew(verifier)`. @throws TypeError where there is none */
export function sessionOf(request: Pick<FastifyRequest, 'curfew'>): Session {
  if (request.curfew === undefined) throw new TypeError('This route is not behind curfew().')
  return request.curfew
}
