import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { PrivateKey } from 'openid-client'
import type { Secret } from '#domain'

type Algorithm = Parameters<typeof crypto.subtle.importKey>[2]

/** The key for private_key_jwt (RFC 7523), from PEM or a JWK. @throws Error that says what is wrong with it */
export async function clientKey(text: Secret): Promise<PrivateKey> {
  const given = text.reveal().trim()
  const jwk = given.startsWith('{') ? parsed(given) : undefined
  const key = imported(jwk ?? given)
  const der = key.export({ format: 'der', type: 'pkcs8' })
  const signer = await crypto.subtle.importKey('pkcs8', der, algorithmOf(key, jwk), false, ['sign'])
  const kid = jwk?.['kid']
  return typeof kid === 'string' ? { key: signer, kid } : { key: signer }
}

type Jwk = Readonly<Record<string, unknown>>

function parsed(text: string): Jwk {
  try {
    return JSON.parse(text) as Jwk
  } catch {
    // Its message would quote the key.
    throw new Error('privateKey begins like a JWK and is not JSON')
  }
}

function imported(key: Jwk | string): KeyObject {
  try {
    return typeof key === 'string'
      ? createPrivateKey(key)
      : createPrivateKey({ key, format: 'jwk' })
  } catch (cause) {
    throw new Error('privateKey is neither a private key in PEM nor a private JWK', { cause })
  }
}

function algorithmOf(key: KeyObject, jwk: Jwk | undefined): Algorithm {
  const alg = jwk?.['alg']
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return {
        name: typeof alg === 'string' && alg.startsWith('PS') ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5',
        hash: 'SHA-256',
      }
    case 'ed25519':
      return { name: 'Ed25519' }
    case 'ec':
      return { name: 'ECDSA', namedCurve: curveOf(key) }
    default:
      throw new Error('privateKey must be an RSA, EC (P-256, P-384, P-521) or Ed25519 key')
  }
}

const curves: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
}

function curveOf(key: KeyObject): string {
  const curve = curves[key.asymmetricKeyDetails?.namedCurve ?? '']
  if (curve === undefined) throw new Error('privateKey must be on P-256, P-384 or P-521')
  return curve
}
