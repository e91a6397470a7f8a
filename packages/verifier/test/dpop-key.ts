/* A key of a client that proves its possession (RFC 9449), and proofs of any kind by it. */
import { createHash, randomUUID } from 'node:crypto'
import {
  type CryptoKey,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  type JWK,
  SignJWT,
} from 'jose'

export interface ProofParts {
  readonly method: string
  readonly url: string
  readonly token?: string
  /** In place of what is usual; undefined leaves a claim out. */
  readonly claims?: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
}

export class DpopKey {
  readonly jkt: string
  readonly jwk: JWK
  readonly privateJwk: JWK
  readonly #alg: string
  readonly #privateKey: CryptoKey

  private constructor(
    alg: string,
    keys: Pick<DpopKey, 'jkt' | 'jwk' | 'privateJwk'>,
    key: CryptoKey,
  ) {
    this.jkt = keys.jkt
    this.jwk = keys.jwk
    this.privateJwk = keys.privateJwk
    this.#alg = alg
    this.#privateKey = key
  }

  static async make(alg = 'ES256'): Promise<DpopKey> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
    const jwk = await exportJWK(publicKey)
    const privateJwk = await exportJWK(privateKey)
    return new DpopKey(alg, { jwk, privateJwk, jkt: await calculateJwkThumbprint(jwk) }, privateKey)
  }

  proof({ method, url, token, claims = {}, header = {} }: ProofParts): Promise<string> {
    const ath = token === undefined ? {} : { ath: hashOf(token) }
    const iat = Math.floor(Date.now() / 1000)
    const usual = { jti: randomUUID(), htm: method, htu: url, iat, ...ath }
    return new SignJWT({ ...usual, ...claims })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: this.#alg, jwk: this.jwk, ...header })
      .sign(this.#privateKey)
  }
}

export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

/** With a header that says what it says, and a signature that is none. */
export function unsigned(header: object, claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part(header)}.${part(claims)}.c2ln`
}
