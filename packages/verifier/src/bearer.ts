import { VerifyError } from './errors.ts'

/** A request of the Fetch API, or Node's `IncomingMessage`, also of an upgrade. */
export type IncomingRequest = (
  | { readonly headers: { get(name: string): string | null } }
  | {
      readonly headers: {
        readonly authorization?: string | undefined
        readonly dpop?: string | readonly string[] | undefined
      }
      readonly rawHeaders?: readonly string[]
      /** Where a framework has rewritten `url`. */
      readonly originalUrl?: string | undefined
    }
) & {
  /** With `url` what a proof of possession is of; needed for tokens that are bound to a key alone. */
  readonly method?: string | undefined
  readonly url?: string | undefined
}

export interface PresentedToken {
  readonly token: string
  /** It came by the scheme DPoP (RFC 9449, section 7.1), with a proof beside it. */
  readonly dpop: boolean
}

/**
 * The token of a request's `Authorization` (RFC 6750, section 2.1). One in the URL or the body is not read.
 *
 * @throws VerifyError `missing` without one, `malformed` when there is more than one
 */
export function presentedToken(request: IncomingRequest): PresentedToken {
  const header = authorization(request)?.trim() ?? ''
  // No pattern: one with two runs of spaces can be made slow.
  if (header.slice(0, 7).toLowerCase() === 'bearer ') {
    return { token: header.slice(7).trimStart(), dpop: false }
  }
  // Another scheme is no token of ours.
  if (header.slice(0, 5).toLowerCase() !== 'dpop ') throw new VerifyError('missing')
  return { token: header.slice(5).trimStart(), dpop: true }
}

function authorization(request: IncomingRequest): string | null | undefined {
  const { headers } = request
  // Fetch joins repeated headers with a comma, which no token contains.
  if ('get' in headers && typeof headers.get === 'function') return headers.get('authorization')
  if ('rawHeaders' in request && isRepeated(request.rawHeaders)) throw new VerifyError('malformed')
  return 'authorization' in headers ? headers.authorization : undefined
}

/** Node hides all but the first; whoever stands before us may have looked at another one. */
function isRepeated(rawHeaders: readonly string[] = []): boolean {
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    if (name.length === 13 && name.toLowerCase() === 'authorization') count += 1
  }
  return count > 1
}
