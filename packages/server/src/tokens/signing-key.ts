import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
} from 'node:crypto'
import { promisify } from 'node:util'
import type { StoredSigningKey } from '#authority'
import { type Instant, type KeyId, Secret } from '#domain'
import type { Sealer } from './seal.ts'

export type SigningAlgorithm = StoredSigningKey['algorithm']

/** The public members of a JWK (RFC 7518, section 6; RFC 8037): never a private one. */
export type PublicJwk = Readonly<Record<string, string>>

export interface SigningKey {
  /** The RFC 7638 thumbprint of the public key. */
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  readonly publicJwk: PublicJwk
  readonly publicKey: KeyObject
  /** Null: sealed under a secret that this process lacks. It verifies and cannot sign. */
  readonly privateKey: KeyObject | null
  /** The secret that sealed the private part. */
  readonly sealedUnder: KeyId
  readonly createdAt: Instant
  readonly activatesAt: Instant
  readonly stored: StoredSigningKey
}

export type NewSigningKey = Omit<StoredSigningKey, 'createdAt' | 'activatesAt'>

interface Shape {
  readonly kty: string
  readonly crv: string | null
  /** What the thumbprint covers, in lexical order (RFC 7638, section 3.2). */
  readonly required: readonly string[]
}

const shapes: Readonly<Record<SigningAlgorithm, Shape>> = {
  ES256: { kty: 'EC', crv: 'P-256', required: ['crv', 'kty', 'x', 'y'] },
  EdDSA: { kty: 'OKP', crv: 'Ed25519', required: ['crv', 'kty', 'x'] },
  RS256: { kty: 'RSA', crv: null, required: ['e', 'kty', 'n'] },
}

const rsaBits = 2048
const rsaBitsMin = 2048
const purpose = 'signing-key'
const generate = promisify(generateKeyPair)

/** A fresh key, ready for the store: the private part sealed to its `kid`. */
export async function newSigningKey(
  algorithm: SigningAlgorithm,
  sealer: Sealer,
): Promise<NewSigningKey> {
  const { publicKey, privateKey } = await generatePair(algorithm)
  const publicJwk = publicMembers(algorithm, publicKey.export({ format: 'jwk' }))
  if (publicJwk === undefined) throw new Error(`node:crypto gave no ${algorithm} key`)
  const kid = thumbprint(publicJwk)
  const privateJwk = new Secret(JSON.stringify(privateKey.export({ format: 'jwk' })))
  return {
    kid,
    algorithm,
    publicJwk: JSON.stringify(publicJwk),
    sealedPrivateJwk: sealer.seal(purpose, [kid], privateJwk),
  }
}

/** `undefined`: damaged or planted. Such a key neither signs nor verifies, nor is it published. */
export function readSigningKey(stored: StoredSigningKey, sealer: Sealer): SigningKey | undefined {
  const publicJwk = readPublic(stored)
  if (publicJwk === undefined) return undefined
  const unsealed = sealer.unseal(purpose, [stored.kid], stored.sealedPrivateJwk)
  if (unsealed.kind === 'unreadable') return undefined
  const { kid, algorithm, createdAt, activatesAt } = stored
  const publicKey = createPublicKey({ key: { ...publicJwk }, format: 'jwk' })
  const known = { kid, algorithm, publicJwk, publicKey, createdAt, activatesAt, stored }
  if (unsealed.kind === 'key-missing') {
    return { ...known, privateKey: null, sealedUnder: unsealed.keyId }
  }
  const privateKey = readPrivate(stored, unsealed.plaintext)
  return privateKey && { ...known, privateKey, sealedUnder: unsealed.keyId }
}

async function generatePair(
  algorithm: SigningAlgorithm,
): Promise<{ readonly publicKey: KeyObject; readonly privateKey: KeyObject }> {
  switch (algorithm) {
    case 'ES256':
      return generate('ec', { namedCurve: 'P-256' })
    case 'EdDSA':
      return generate('ed25519')
    case 'RS256':
      return generate('rsa', { modulusLength: rsaBits })
    default:
      return algorithm satisfies never
  }
}

/** The store is not trusted with what we publish: the kid must be the thumbprint of what it names. */
function readPublic(stored: StoredSigningKey): PublicJwk | undefined {
  const publicJwk = publicMembers(stored.algorithm, parseObject(stored.publicJwk))
  if (publicJwk === undefined || thumbprint(publicJwk) !== stored.kid) return undefined
  return isImportable(publicJwk) ? publicJwk : undefined
}

/** The private key, if it is that of `kid`: a sealed key of another one must not sign in its name. */
function readPrivate(stored: StoredSigningKey, plaintext: Secret): KeyObject | undefined {
  const jwk = parseObject(plaintext.reveal())
  const publicJwk = publicMembers(stored.algorithm, jwk)
  if (publicJwk === undefined || thumbprint(publicJwk) !== stored.kid) return undefined
  return createPrivateKey({ key: jwk, format: 'jwk' })
}

function publicMembers(
  algorithm: SigningAlgorithm,
  jwk: Readonly<Record<string, unknown>>,
): PublicJwk | undefined {
  // The database's word: it may name an algorithm that this version does not know.
  const shape: Shape | undefined = Object.hasOwn(shapes, algorithm) ? shapes[algorithm] : undefined
  if (shape === undefined || jwk['kty'] !== shape.kty) return undefined
  if (shape.crv !== null && jwk['crv'] !== shape.crv) return undefined
  const members = shape.required.map((name) => [name, jwk[name]] as const)
  return members.every(isText) ? Object.fromEntries(members) : undefined
}

function isText(member: readonly [string, unknown]): member is readonly [string, string] {
  return typeof member[1] === 'string'
}

/** RFC 7638, section 3. The members of a `PublicJwk` are the required ones, in lexical order. */
function thumbprint(publicJwk: PublicJwk): string {
  return createHash('sha256').update(JSON.stringify(publicJwk)).digest('base64url')
}

function isImportable(publicJwk: PublicJwk): boolean {
  try {
    const details = createPublicKey({ key: { ...publicJwk }, format: 'jwk' }).asymmetricKeyDetails
    return publicJwk['kty'] !== 'RSA' || (details?.modulusLength ?? 0) >= rsaBitsMin
  } catch {
    // A point that is not on the curve, or an impossible modulus: damaged.
    return false
  }
}

function parseObject(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    // Damaged; the caller finds no members in it.
    return {}
  }
}
