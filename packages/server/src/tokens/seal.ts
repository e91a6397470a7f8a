/*
 * Sealing of what the store, Redis or a browser keeps for us and must not be able to read or move: AES-256-GCM
 * under a subkey of the ring. version | key id (4) | iv (12) | ciphertext | tag (16), in base64url.
 * The associated data names the purpose and the row, so that a sealed text is good in one place only.
 */
import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto'
import type { Clock } from '#authority'
import { type KeyId, Secret } from '#domain'
import { decodeBase64url } from './base64url.ts'
import { frame } from './framing.ts'
import { type KeyRing, keyIdAt } from './key-ring.ts'

const cipher = 'aes-256-gcm'
const version = 1
const keyIdOffset = 1
const ivOffset = 5
const ivLength = 12
const bodyOffset = ivOffset + ivLength
const tagLength = 16

/** What is sealed. Each has its own subkey: one with random IVs serves 2^32 texts (SP 800-38D, 8.3). */
export type SealPurpose =
  | 'signing-key'
  | 'provider-tokens'
  | 'authorization'
  | 'flow'
  | 'ticket'
  | 'feed-mark'
  | 'snapshot'

export type Unsealed =
  | { readonly kind: 'opened'; readonly plaintext: Secret; readonly keyId: KeyId }
  /** Sealed under a secret that this process does not hold. */
  | { readonly kind: 'key-missing'; readonly keyId: KeyId }
  /** Damaged, moved from another row, or never ours. */
  | { readonly kind: 'unreadable' }

export interface Sealer {
  /** `identity`: what the text belongs to, such as the row's id. The same is needed to unseal it. */
  seal(purpose: SealPurpose, identity: readonly string[], plaintext: Secret): string
  /** A retired secret still unseals: retiring refuses tokens, it must not lose what is kept. */
  unseal(purpose: SealPurpose, identity: readonly string[], sealed: string): Unsealed
}

export function createSealer(ring: KeyRing, clock: Pick<Clock, 'now'>): Sealer {
  const keys: Readonly<Record<SealPurpose, ReadonlyMap<KeyId, KeyObject>>> = {
    'signing-key': ring.subkeys('seal/signing-key'),
    'provider-tokens': ring.subkeys('seal/provider-tokens'),
    authorization: ring.subkeys('seal/authorization'),
    flow: ring.subkeys('seal/flow'),
    ticket: ring.subkeys('seal/ticket'),
    'feed-mark': ring.subkeys('seal/feed-mark'),
    snapshot: ring.subkeys('seal/snapshot'),
  }

  return {
    seal(purpose: SealPurpose, identity: readonly string[], plaintext: Secret): string {
      const keyId = ring.current(clock.now())
      const key = keys[purpose].get(keyId)
      if (key === undefined)
        throw new Error(`the ring's current secret ${keyId} is not in the ring`)
      const head = Buffer.alloc(bodyOffset)
      head[0] = version
      head.write(keyId, keyIdOffset, 'base64url')
      randomBytes(ivLength).copy(head, ivOffset)
      return sealed(key, head, associated(purpose, head, identity), plaintext)
    },

    unseal(purpose: SealPurpose, identity: readonly string[], text: string): Unsealed {
      const bytes = decodeBase64url(text)
      if (bytes === undefined || bytes[0] !== version) return { kind: 'unreadable' }
      if (bytes.length < bodyOffset + tagLength) return { kind: 'unreadable' }
      const keyId = keyIdAt(bytes, keyIdOffset)
      const key = keys[purpose].get(keyId)
      if (key === undefined) return { kind: 'key-missing', keyId }
      const plaintext = unsealed(key, bytes, associated(purpose, bytes, identity))
      return plaintext === undefined ? { kind: 'unreadable' } : { kind: 'opened', plaintext, keyId }
    },
  }
}

function sealed(key: KeyObject, head: Buffer, aad: Buffer, plaintext: Secret): string {
  const box = createCipheriv(cipher, key, head.subarray(ivOffset), { authTagLength: tagLength })
  box.setAAD(aad)
  const body = Buffer.concat([box.update(plaintext.reveal(), 'utf8'), box.final()])
  return Buffer.concat([head, body, box.getAuthTag()]).toString('base64url')
}

function unsealed(key: KeyObject, bytes: Buffer, aad: Buffer): Secret | undefined {
  const iv = bytes.subarray(ivOffset, bodyOffset)
  const box = createDecipheriv(cipher, key, iv, { authTagLength: tagLength })
  box.setAAD(aad)
  box.setAuthTag(bytes.subarray(-tagLength))
  const body = box.update(bytes.subarray(bodyOffset, -tagLength))
  try {
    return new Secret(Buffer.concat([body, box.final()]).toString('utf8'))
  } catch {
    // The tag is wrong. Node gives this error no code; nothing else in `final` can fail.
    return undefined
  }
}

function associated(purpose: SealPurpose, head: Buffer, identity: readonly string[]): Buffer {
  return frame('curfew/seal', purpose, head.subarray(0, ivOffset), ...identity)
}
