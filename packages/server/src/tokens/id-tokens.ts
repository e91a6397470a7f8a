/*
 * ID tokens (OpenID Connect Core, section 2): for the client that they name, and no credential anywhere. Their
 * `typ` is JWT, so whoever looks for an access token (`at+jwt`, RFC 9068) refuses them.
 */
import { createHash } from 'node:crypto'
import type { Clock, IdTokenHint, IdTokens } from '#authority'
import { parseClientId, parseSessionId, parseUid } from '#domain'
import { encodeJson, parseCompactJws, parseJsonObject } from './compact-jws.ts'
import { isSignedBy, keyOf, signatureOf, signer } from './jws-signature.ts'
import type { SigningAlgorithm } from './signing-key.ts'
import type { SigningKeys } from './signing-keys.ts'

/** A browser carries it in a URL. */
const hintLengthMax = 8192

/** What `alg` hashes with; of EdDSA, Ed25519 does with SHA-512. */
const hashes: Readonly<Record<SigningAlgorithm, string>> = {
  ES256: 'sha256',
  RS256: 'sha256',
  EdDSA: 'sha512',
}

export interface IdTokensOptions {
  readonly issuer: string
  readonly keys: Pick<SigningKeys, 'current' | 'byKid'>
  readonly clock: Pick<Clock, 'now'>
}

export function createIdTokens({ issuer, keys, clock }: IdTokensOptions): IdTokens {
  return {
    sign(claims, { kid, accessToken }) {
      const key = signer(keys, kid, clock.now())
      const header = encodeJson({ alg: key.algorithm, typ: 'JWT', kid: key.kid })
      const digest = createHash(hashes[key.algorithm]).update(accessToken).digest()
      const at_hash = digest.subarray(0, digest.length / 2).toString('base64url')
      const signingInput = `${header}.${encodeJson({ ...claims, at_hash })}`
      return `${signingInput}.${signatureOf(signingInput, key)}`
    },

    readHint(token): IdTokenHint | undefined {
      const jws = token.length > hintLengthMax ? undefined : parseCompactJws(token)
      if (jws === undefined || jws.header['typ'] !== 'JWT' || 'crit' in jws.header) return undefined
      const key = keyOf(jws, { keys })
      if (key === undefined || !isSignedBy(jws, key)) return undefined
      const claims = parseJsonObject(jws.payload) ?? {}
      return claims['iss'] === issuer ? hintOf(claims) : undefined
    },
  }
}

function hintOf(claims: Readonly<Record<string, unknown>>): IdTokenHint | undefined {
  const { sub, aud, sid } = claims
  if (typeof sub !== 'string' || typeof aud !== 'string' || typeof sid !== 'string') {
    return undefined
  }
  const named = { uid: parseUid(sub), clientId: parseClientId(aud), sid: parseSessionId(sid) }
  const { uid, clientId } = named
  if (uid === undefined || clientId === undefined || named.sid === undefined) return undefined
  return { uid, clientId, sid: named.sid }
}
