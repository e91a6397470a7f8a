/* What a request says of its proof of possession (RFC 9449, section 7.1), and what is wrong with one. */
import type { IncomingRequest } from './bearer.ts'
import type { ProofFault } from './dpop-proof.ts'
import { VerifyError, type VerifyErrorCode } from './errors.ts'

/** A proof, and the request that it came with, as its sender sees it. */
export interface PresentedProof {
  /** The `DPoP` header. */
  readonly proof: string
  readonly method: string
  /** The whole URL; query and fragment do not count. Never from the request's own `Host`. */
  readonly url: string | readonly string[]
}

/**
 * The proof of a request that names its token by DPoP.
 *
 * @throws VerifyError `malformed` when there is more than one, `wrong_type` when there is none
 */
export function presentedProof(
  request: IncomingRequest,
  publicUrls: readonly string[],
): PresentedProof {
  const { method } = request
  const path = pathOf(request)
  if (method === undefined || path === undefined) {
    throw refused('wrong_type', 'The request does not say what a proof is of: its method and URL.')
  }
  if (publicUrls.length === 0) {
    const why = 'A proof names the URL of this service: set publicUrl, as audience is none.'
    throw refused('wrong_type', why)
  }
  const proof = proofHeader(request)
  if (proof === undefined) throw refused('wrong_type', 'The token needs a DPoP header beside it.')
  return { proof, method, url: publicUrls.map((url) => `${url}${path}`) }
}

function proofHeader(request: IncomingRequest): string | undefined {
  const { headers } = request
  if ('get' in headers && typeof headers.get === 'function') return headers.get('dpop') ?? undefined
  const rawHeaders = 'rawHeaders' in request ? (request.rawHeaders ?? []) : []
  const names = rawHeaders.filter((_, index) => index % 2 === 0)
  if (names.filter((name) => name.toLowerCase() === 'dpop').length > 1) {
    throw refused('malformed', 'There is more than one DPoP header.')
  }
  // Joined with a comma, two of them are no proof either.
  return 'dpop' in headers && typeof headers.dpop === 'string' ? headers.dpop : undefined
}

/** Of a Fetch request the path of its URL; of Node's what its framework has left of it. */
function pathOf(request: IncomingRequest): string | undefined {
  const original = 'originalUrl' in request ? request.originalUrl : undefined
  const url = original ?? request.url
  if (url === undefined || url.startsWith('/')) return url
  return URL.canParse(url) ? new URL(url).pathname : undefined
}

/** As API.md, section 10, has the codes: what is wrong with the proof stands in the message. */
const codes: Readonly<Record<ProofFault, VerifyErrorCode>> = {
  malformed: 'malformed',
  wrong: 'bad_signature',
  stale: 'expired',
  future: 'not_yet_valid',
}

export function badProof(fault: ProofFault, why: string): VerifyError {
  return refused(codes[fault], `The DPoP proof is not good: ${why}.`)
}

function refused(code: VerifyErrorCode, message: string): VerifyError {
  return new VerifyError(code, { message, dpop: 'invalid_dpop_proof' })
}
