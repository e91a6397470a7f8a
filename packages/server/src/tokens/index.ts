/*
 * Tokens: access tokens and their signing keys, opaque tokens, sealing, the key ring, and the proofs
 * of clients (secrets, assertions). It imports domain and authority; it keeps nothing but through the
 * ports KeyStore and Clock. Start at key-ring.ts, then opaque.ts and signing-keys.ts.
 */
export { type AccessTokensOptions, createAccessTokens } from './access-tokens.ts'
export { createCodeTokens } from './authorization-codes.ts'
export {
  type AssertionFault,
  type AssertionVerdict,
  type ClientAssertions,
  type ClientAssertionsOptions,
  type ClientKeys,
  claimedClient,
  createClientAssertions,
} from './client-assertion.ts'
export {
  type ClientSecrets,
  type ClientWithSecrets,
  createClientSecrets,
} from './client-secrets.ts'
export { createDeviceCodes } from './device-codes.ts'
export {
  type BoundTo,
  boundTo,
  createDpopProofs,
  type DpopProofs,
  type DpopProofsOptions,
  firstInProcess,
} from './dpop.ts'
export { createIdTokens, type IdTokensOptions } from './id-tokens.ts'
export { KeyRing, type KeyStanding } from './key-ring.ts'
export { createOpaqueTokens } from './opaque.ts'
export { createRandomness } from './randomness.ts'
export { createSealer, type Sealer, type SealPurpose, type Unsealed } from './seal.ts'
export type { PublicJwk, SigningAlgorithm, SigningKey } from './signing-key.ts'
export {
  type Jwks,
  KeysOutrun,
  type SigningKeyAlarm,
  SigningKeys,
  type SigningKeysOptions,
  type UsableSigningKey,
} from './signing-keys.ts'
