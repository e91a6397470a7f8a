/* The keys that an issuer publishes (RFC 7517), each for itself: one that is broken spoils no other. */
import { type CompactVerifyGetKey, compactVerify, createLocalJWKSet, type JWK } from 'jose'
import { asymmetricAlgorithms } from './algorithms.ts'

const keysMax = 100
/** A token that names no key may fit several; so many are tried. */
const triesMax = 8

/** What a token's header says about its key. */
export interface KeyHint {
  readonly alg: string
  readonly kid: string | undefined
}

/** A key by the very text of its JWK: another one under the same `kid` is another key. */
export type KeyText = string

interface Published {
  readonly jwk: JWK
  /** Imports it at its first use, when jose finds that it may verify. */
  readonly key: CompactVerifyGetKey
}

export class KeySet {
  readonly #keys: ReadonlyMap<KeyText, Published>

  /** @throws Error that says why the document is no key set that can be used */
  constructor(document: unknown) {
    const keys = membersOf(document).filter(isAsymmetric)
    if (keys.length === 0) throw new Error('it publishes no key that could verify anything')
    if (keys.length > keysMax) throw new Error(`it publishes more than ${keysMax} keys`)
    this.#keys = new Map(
      keys.map((jwk) => [JSON.stringify(jwk), { jwk, key: createLocalJWKSet({ keys: [jwk] }) }]),
    )
  }

  has(key: KeyText): boolean {
    return this.#keys.has(key)
  }

  /** The key that signed this token; undefined when none of them did. */
  async signerOf(token: string, hint: KeyHint): Promise<KeyText | undefined> {
    const candidates = [...this.#keys].filter(([, { jwk }]) => fits(jwk, hint))
    for (const [text, { key }] of candidates.slice(0, triesMax)) {
      if (await isSignedBy(token, key)) return text
    }
    return undefined
  }
}

function membersOf(document: unknown): readonly unknown[] {
  if (typeof document === 'object' && document !== null && 'keys' in document) {
    if (Array.isArray(document.keys)) return document.keys
  }
  throw new Error('it is not a JWK set')
}

function isAsymmetric(member: unknown): member is JWK {
  if (typeof member !== 'object' || member === null || !('kty' in member)) return false
  return member.kty === 'RSA' || member.kty === 'EC' || member.kty === 'OKP'
}

/** What the JWK says about itself; jose looks at `use`, `key_ops`, `crv` and the length of the key. */
function fits(jwk: JWK, { alg, kid }: KeyHint): boolean {
  return (
    (kid === undefined || jwk.kid === kid) &&
    (jwk.alg === undefined || jwk.alg === alg) &&
    jwk.kty === keyTypes[alg.slice(0, 2)]
  )
}

const keyTypes: Readonly<Record<string, string>> = { RS: 'RSA', PS: 'RSA', ES: 'EC', Ed: 'OKP' }

async function isSignedBy(token: string, key: CompactVerifyGetKey): Promise<boolean> {
  try {
    await compactVerify(token, key, { algorithms: asymmetricAlgorithms })
    return true
  } catch {
    // Another key signed it, or this one cannot be used: either way it vouches for nothing.
    return false
  }
}
