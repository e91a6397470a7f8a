/*
 * The key ring: the configured secrets, the first of which signs and seals; all verify and unseal.
 * A secret of the ring is, in the order of its life:
 *   unlisted   the store does not know it: nothing that it derived is accepted
 *   waiting    listed, not yet activated: accepted, but it derives nothing new (rule 14)
 *   active     listed and activated: the first active one derives everything new
 *   retired    taken out of the list: as unlisted, although the process still holds it
 */
import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import type { KeyStore, ListedKeyId } from '#authority'
import type { Instant, KeyId, Secret } from '#domain'
import { decodeBase64url } from './base64url.ts'
import { frame } from './framing.ts'

const secretLength = 32
const keyIdLength = 4

/** What a key id in a token means to this process (rule 14). */
export type KeyStanding =
  | 'held'
  /** Listed, but this process lacks the secret: 503 and an alarm. */
  | 'missing'
  /** Unknown to the store, or retired: 401, even if this process holds the secret. */
  | 'unlisted'

interface RingKey {
  readonly id: KeyId
  readonly secret: Buffer
}

export class KeyRing {
  readonly #keys: readonly RingKey[]
  readonly #first: RingKey
  #listed: ReadonlyMap<KeyId, Instant> = new Map()

  /** @throws Error when a secret is not 32 bytes in base64url, or stands there twice */
  constructor(secrets: readonly Secret[]) {
    this.#keys = secrets.map((secret, index) => ringKey(secret, index))
    const first = this.#keys[0]
    if (first === undefined) {
      throw new Error('`secrets` is empty; make one with `curfew secret new`')
    }
    this.#first = first
    if (new Set(this.ids).size < this.#keys.length) {
      throw new Error('`secrets` names one secret twice; take the repetition out')
    }
  }

  /** The ring's own key ids, in its order. */
  get ids(): readonly KeyId[] {
    return this.#keys.map((key) => key.id)
  }

  /** Lists the ring's ids in the store. A new one signs after `delayMs`; on an empty store at once. */
  async register(store: Pick<KeyStore, 'listKeyIds'>, delayMs: number): Promise<void> {
    this.update(await store.listKeyIds(this.ids, delayMs))
  }

  /** The whole list as the store has it now; to be read again when the tail's `keysVersion` grows. */
  update(listed: readonly ListedKeyId[]): void {
    this.#listed = new Map(listed.map((entry) => [entry.keyId, entry.activatesAt]))
  }

  /**
   * The secret that derives new tokens and seals: the first active one. Before any is active, the one
   * that will be first: this replica's clock may be a little behind the store's.
   */
  current(now: Instant): KeyId {
    let next = this.#first
    let nextAt = Number.POSITIVE_INFINITY
    for (const key of this.#keys) {
      const activatesAt = this.#listed.get(key.id)
      if (activatesAt === undefined) continue
      if (activatesAt <= now) return key.id
      if (activatesAt < nextAt) {
        next = key
        nextAt = activatesAt
      }
    }
    return next.id
  }

  standing(id: KeyId): KeyStanding {
    if (!this.#listed.has(id)) return 'unlisted'
    return this.holds(id) ? 'held' : 'missing'
  }

  holds(id: KeyId): boolean {
    return this.#keys.some((key) => key.id === id)
  }

  /** One subkey of each secret for one purpose (rule 13). Callers keep it: it is derived at each call. */
  subkeys(purpose: string): ReadonlyMap<KeyId, KeyObject> {
    const derived = this.#keys.map(({ id, secret }) => {
      return [id, createSecretKey(derive(secret, purpose, secretLength))] as const
    })
    return new Map(derived)
  }
}

/** A key id from a token's or a sealed text's bytes. */
export function keyIdAt(bytes: Buffer, offset: number): KeyId {
  return bytes.toString('base64url', offset, offset + keyIdLength) as KeyId
}

function ringKey(given: Secret, index: number): RingKey {
  const secret = decodeBase64url(given.reveal())
  if (secret === undefined || secret.length !== secretLength) {
    throw new Error(
      `secrets[${index}] is not ${secretLength} bytes in base64url; make one with \`curfew secret new\``,
    )
  }
  return { id: derive(secret, 'key-id', keyIdLength).toString('base64url') as KeyId, secret }
}

/** HKDF-SHA256 (RFC 5869). No salt: the secrets are uniformly random (section 3.1). */
function derive(secret: Buffer, purpose: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', frame('curfew', 'v1', purpose), length))
}
