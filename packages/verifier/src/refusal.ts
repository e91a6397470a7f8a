import { proofAlgorithms } from './dpop-proof.ts'
import { isVerifyError, type VerifyError } from './errors.ts'
import { ForbiddenError } from './gate.ts'

/** A refusal as HTTP has it: problem JSON (RFC 9457) with the headers of RFC 6750, section 3. */
export interface Refusal {
  readonly status: 401 | 403 | 503
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const retryAfterSeconds = '5'

/** Undefined when the error is none of ours. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof ForbiddenError) {
    return refusal(error, { 'www-authenticate': 'Bearer error="insufficient_scope"' })
  }
  if (!isVerifyError(error)) return undefined
  if (error.status === 503) return refusal(error, { 'retry-after': retryAfterSeconds })
  if (error.dpop !== undefined) return refusal(error, { 'www-authenticate': dpopChallenge(error) })
  // A request without a token is told what is wanted, and no error (RFC 6750, section 3.1).
  const why = `Bearer error="invalid_token", error_description="${error.message}"`
  return refusal(error, { 'www-authenticate': error.code === 'missing' ? 'Bearer' : why })
}

/** RFC 9449, section 7.1. */
function dpopChallenge({ dpop, message }: Pick<VerifyError, 'dpop' | 'message'>): string {
  const algs = proofAlgorithms.join(' ')
  return `DPoP error="${dpop}", error_description="${message}", algs="${algs}"`
}

interface Told {
  readonly code: string
  readonly status: 401 | 403 | 503
  readonly message: string
}

const titles = { 401: 'Unauthorized', 403: 'Forbidden', 503: 'Service Unavailable' } as const

function refusal({ code, status, message }: Told, headers: Record<string, string>): Refusal {
  const type = `urn:curfew:problem:${code}`
  return {
    status,
    headers: {
      ...headers,
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
    },
    body: JSON.stringify({ type, code, title: titles[status], status, detail: message }),
  }
}
