/*
 * For Express 5: `app.use(curfew(verifier))`, then `req.curfew`.
 */
import type { Request, RequestHandler, Response } from 'express'
import { admit, type GateOptions } from './gate.ts'
import { refusalOf } from './refusal.ts'
import type { Session } from './session.ts'
import type { Verifier } from './verifier.ts'

export type { GateOptions }

declare global {
  // Not the module that @types/express consists of: where packages see only what they ask for, as with pnpm, it
  // cannot be found from here.
  // biome-ignore lint/style/noNamespace: @types/express is extended by this one.
  namespace Express {
    interface Request {
      /** The session of the request's token; undefined where `optional` let a request without one pass. */
      curfew?: Session
    }
  }
}

/** Refuses with 401, 403 or 503, and hands on everything else. */
export function curfew(verifier: Verifier, options: GateOptions = {}): RequestHandler {
  return (request, response, next) => {
    admit(verifier, request, options).then(
      (session) => {
        if (session !== undefined) request.curfew = session
        next()
      },
      (error: unknown) => {
        if (!refuse(response, error)) next(error)
      },
    )
  }
}

/** The session of a request behind `curfew(verifier)`. @throws TypeError where there is none */
export function sessionOf(request: Pick<Request, 'curfew'>): Session {
  if (request.curfew === undefined) throw new TypeError('This route is not behind curfew().')
  return request.curfew
}

function refuse(response: Response, error: unknown): boolean {
  const refusal = refusalOf(error)
  if (refusal === undefined) return false
  response.status(refusal.status).set(refusal.headers).end(refusal.body)
  return true
}
