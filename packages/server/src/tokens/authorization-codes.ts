import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { CodeHash, CodeTokens } from '#authority'

const prefix = 'cfa_'
const codeShape = /^cfa_[A-Za-z0-9_-]{43}$/
const randomLength = 32
/** RFC 7636, section 4.1. A short one could be guessed from the challenge, which goes through URLs. */
const verifierShape = /^[A-Za-z0-9._~-]{43,128}$/

/** Opaque: 256 random bits, of which the store keeps the hash alone. */
export function createCodeTokens(): CodeTokens {
  return {
    fresh() {
      const code = prefix + randomBytes(randomLength).toString('base64url')
      return { code, hash: digestOf(code) as CodeHash }
    },
    hashOf: (code) => (codeShape.test(code) ? (digestOf(code) as CodeHash) : undefined),
    proves(verifier, challenge) {
      if (!verifierShape.test(verifier)) return false
      const [made, kept] = [Buffer.from(digestOf(verifier)), Buffer.from(challenge)]
      return made.length === kept.length && timingSafeEqual(made, kept)
    },
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
