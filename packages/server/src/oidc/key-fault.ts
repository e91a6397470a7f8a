import { errors } from 'jose'

/**
 * Whether a JWT could not be judged because the keys of its issuer could not be read. jose's own errors are
 * about the token; the rest is the way to the keys.
 */
export function isKeyFault(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout) return true
  return !(error instanceof errors.JOSEError) || error.code === 'ERR_JOSE_GENERIC'
}
