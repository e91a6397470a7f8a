/* A ring, a clock and signing keys without a store: what the tokens' room needs to be measured alone. */
import { randomBytes } from 'node:crypto'
import type {
  AccessClaims,
  KeyStore,
  StoredSigningKey,
} from '../../../packages/server/src/authority/index.ts'
import { type Instant, instant, Secret } from '../../../packages/server/src/domain/index.ts'
import {
  createAccessTokens,
  createRandomness,
  createSealer,
  KeyRing,
  type SigningAlgorithm,
  SigningKeys,
} from '../../../packages/server/src/tokens/index.ts'

export const issuer = 'https://auth.example.com'
export const clock = { now: (): Instant => instant(Date.now()) }
export const random = createRandomness()

export function freshRing(): KeyRing {
  const ring = new KeyRing([new Secret(randomBytes(32).toString('base64url'))])
  ring.update(ring.ids.map((keyId) => ({ keyId, activatesAt: instant(0) })))
  return ring
}

/** One active signing key of this algorithm, and the access tokens that it signs and verifies. */
export async function freshAccessTokens(algorithm: SigningAlgorithm) {
  const ring = freshRing()
  const options = { store: keysInMemory(), ring, sealer: createSealer(ring, clock), alarm: refuse }
  const keys = new SigningKeys(options)
  await keys.ensure(algorithm)
  const current = keys.current(clock.now())
  return { access: createAccessTokens({ issuer, keys, clock }), key: current }
}

function refuse(): never {
  throw new Error('a fresh signing key cannot be read')
}

function keysInMemory(): Pick<KeyStore, 'signingKeys' | 'addSigningKey' | 'dropSigningKey'> {
  const kept: StoredSigningKey[] = []
  return {
    signingKeys: async () => ({ keys: kept, now: clock.now() }),
    addSigningKey: async (key) => {
      kept.push({ ...key, createdAt: instant(0), activatesAt: instant(0) })
      return 'added'
    },
    dropSigningKey: async () => undefined,
  }
}

/** As a refresh mints them, about 700 characters in all. */
export function claimsOfOneSession(): AccessClaims {
  const iat = Math.floor(clock.now() / 1000)
  return {
    iss: issuer,
    sub: 'main:8f3c1b7e',
    aud: [issuer, 'https://api.example.com'],
    exp: iat + 300,
    iat,
    nbf: iat,
    jti: random.tokenId(),
    sid: random.sessionId(clock.now()),
    client_id: 'mobile',
    roles: ['pilot'],
    device: 'app',
    scope: 'openid profile email',
    auth_time: iat,
  }
}
