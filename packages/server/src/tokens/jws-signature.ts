/* Signatures of the JWTs that we issue: by which key, and whether it fits. */
import { type KeyObject, sign, verify } from 'node:crypto'
import type { Instant } from '#domain'
import type { CompactJws } from './compact-jws.ts'
import { derFromJoined, joinedFromDer } from './ecdsa-signature.ts'
import type { SigningAlgorithm, SigningKey } from './signing-key.ts'
import type { SigningKeys, UsableSigningKey } from './signing-keys.ts'

interface Scheme {
  readonly sign: (input: Buffer, key: KeyObject) => Buffer
  readonly isSigned: (input: Buffer, key: KeyObject, signature: Buffer) => boolean
}

// A bare KeyObject each time: an options object costs more than the signature (ecdsa-signature.ts).
const schemes: Readonly<Record<SigningAlgorithm, Scheme>> = {
  ES256: {
    sign: (input, key) => joinedFromDer(sign('sha256', input, key)),
    isSigned: (input, key, signature) => {
      const der = derFromJoined(signature)
      return der !== undefined && verify('sha256', input, key, der)
    },
  },
  EdDSA: {
    sign: (input, key) => sign(null, input, key),
    isSigned: (input, key, signature) => verify(null, input, key, signature),
  },
  RS256: {
    sign: (input, key) => sign('sha256', input, key),
    isSigned: (input, key, signature) => verify('sha256', input, key, signature),
  },
}

/** The key named, or the current one when that is gone or has no private half here. */
export function signer(
  keys: Pick<SigningKeys, 'current' | 'byKid'>,
  kid: string,
  now: Instant,
): UsableSigningKey {
  const named = keys.byKid(kid)
  const { privateKey } = named ?? { privateKey: null }
  if (named === undefined || privateKey === null) return keys.current(now)
  return { ...named, privateKey }
}

export function signatureOf(signingInput: string, key: UsableSigningKey): string {
  const made = schemes[key.algorithm].sign(Buffer.from(signingInput), key.privateKey)
  return made.toString('base64url')
}

interface KnownKeys {
  readonly keys: Pick<SigningKeys, 'byKid'>
  readonly onUnknownKey?: (kid: string) => void
}

/** The key decides the algorithm, never the token: `none` and HS256 over a public key find no key. */
export function keyOf(jws: CompactJws, known: KnownKeys): SigningKey | undefined {
  const { kid, alg } = jws.header
  if (typeof kid !== 'string') return undefined
  const key = known.keys.byKid(kid)
  if (key === undefined) known.onUnknownKey?.(kid)
  return key?.algorithm === alg ? key : undefined
}

export function isSignedBy(jws: CompactJws, key: SigningKey): boolean {
  const input = Buffer.from(jws.signingInput)
  return schemes[key.algorithm].isSigned(input, key.publicKey, jws.signature)
}
