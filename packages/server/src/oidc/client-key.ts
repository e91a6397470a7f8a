import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { PrivateKey } from 'openid-client'
import type { Secret } from '#domain'

type Algorithm = Parameters<typeof crypto.subtle.importKey>[2]

/** The key for private_key_jwt (RFC 7523), from PEM or a JWK. @throws Error that says what is wrong with it */
export async function clientKey(text: Secret): Promise<PrivateKey> {
  const given = text.reveal().trim()
  const jwk = given.startsWith('{') ? (JSON.parse(given) as Record<string, unknown>) : undefined
  const key =
    jwk === undefined ? createPrivateKey(given) : createPrivateKey({ key: jwk, format: 'jwk' })
  const der = key.export({ format: 'der', type: 'pkcs8' })
  const imported = await crypto.subtle.importKey('pkcs8', der, algorithmOf(key, jwk), false, [
    'sign',
  ])
  const kid = jwk?.['kid']
  return typeof kid === 'string' ? { key: imported, kid } : { key: imported }
}

function algorithmOf(key: KeyObject, jwk: Record<string, unknown> | undefined): Algorithm {
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
