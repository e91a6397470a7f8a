/*
 * For whatever has a `Request` and answers a `Response`: workers, Deno, Bun, route handlers.
 */
import { admit, ForbiddenError, type GateOptions, type SessionOf } from './gate.ts'
import { refusalOf } from './refusal.ts'
import type { Verifier } from './verifier.ts'

export { ForbiddenError, type GateOptions }

type Headed = { readonly headers: Headers }

/**
 * A function from a request to its session. It rejects with `VerifyError` or `ForbiddenError`, which
 * `problem` turns into the answer.
 */
export function curfew<const Options extends GateOptions = { optional: false }>(
  verifier: Verifier,
  options?: Options,
): (request: Headed) => Promise<SessionOf<Options>> {
  return async (request) => {
    const session = await admit(verifier, request, options ?? {})
    return session as SessionOf<Options>
  }
}

/** 401, 403 or 503 as problem JSON. What is none of ours is thrown on. */
export function problem(error: unknown): Response {
  const refusal = refusalOf(error)
  if (refusal === undefined) throw error
  const { status, headers, body } = refusal
  return new Response(body, { status, headers })
}
