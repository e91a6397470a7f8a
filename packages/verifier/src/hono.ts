/*
 * For Hono: `app.use(curfew(verifier))`, then `c.get('curfew')`.
 */
import type { MiddlewareHandler } from 'hono'
import { admit, type GateOptions, type SessionOf } from './gate.ts'
import { refusalOf } from './refusal.ts'
import type { Session } from './session.ts'
import type { Verifier } from './verifier.ts'

export type { GateOptions }

type With<Value> = { Variables: { curfew: Value } }

/** Refuses with 401, 403 or 503, and hands on everything else. */
export function curfew<const Options extends GateOptions = { optional: false }>(
  verifier: Verifier,
  options?: Options,
): MiddlewareHandler<With<SessionOf<Options>>> {
  return async (c, next) => {
    let session: Session | undefined
    try {
      session = await admit(verifier, c.req.raw, options ?? {})
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal === undefined) throw error
      // By the context, which holds headers that others have set before.
      return c.body(refusal.body, refusal.status, refusal.headers)
    }
    c.set('curfew', session as SessionOf<Options>)
    await next()
    return undefined
  }
}
