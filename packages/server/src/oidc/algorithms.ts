/** What others may sign with: `none` and HMAC are never among them. */
export const asymmetricAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]

/** Of those, the ones that a provider says it uses; all of them when it says nothing. */
export function allowedAlgorithms(supported: readonly string[] | undefined): string[] {
  if (supported === undefined) return asymmetricAlgorithms
  return asymmetricAlgorithms.filter((one) => supported.includes(one))
}
