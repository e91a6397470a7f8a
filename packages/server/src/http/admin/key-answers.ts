import type { AdministrativeAct, KeyStore } from '#authority'
import { type Instant, toSeconds } from '#domain'
import type { KeyRing, SigningKeys } from '#tokens'

export interface KeysInForce {
  readonly signingKeys: Pick<SigningKeys, 'load' | 'current' | 'all' | 'rotate' | 'byKid'>
  readonly ring: Pick<KeyRing, 'holds' | 'current'>
  readonly store: Pick<KeyStore, 'keyIds'>
}

/** Signing keys, and the secrets by their ids, as `GET /admin/keys` and `curfew keys list --json` tell them. */
export async function keysJson({ signingKeys, ring, store }: KeysInForce, now: Instant) {
  const current = signingKeys.current(now).kid
  const signing = signingKeys.all().map((key) => ({
    kid: key.kid,
    algorithm: key.algorithm,
    state: key.kid === current ? 'signing' : key.activatesAt > now ? 'published' : 'replaced',
    created_at: toSeconds(key.createdAt),
    activates_at: toSeconds(key.activatesAt),
  }))
  const secrets = (await store.keyIds()).map(({ keyId, activatesAt }) => ({
    key_id: keyId,
    held: ring.holds(keyId),
    current: ring.current(now) === keyId,
    activates_at: toSeconds(activatesAt),
  }))
  return { signing_keys: signing, secrets }
}

/** A new signing key: published at once, it signs after the delay, or at once with `now`. */
export async function rotatedJson(
  { signingKeys }: Pick<KeysInForce, 'signingKeys'>,
  options: { readonly now: boolean },
) {
  const kid = await signingKeys.rotate(options)
  const key = signingKeys.byKid(kid)
  return { kid, activates_at: key === undefined ? null : toSeconds(key.activatesAt) }
}

/** What the audit keeps of it, whoever asked for it. */
export function rotateAct({ now }: { readonly now: boolean }): AdministrativeAct {
  return { action: 'keys_rotated', target: null, detail: { now } }
}
