import { createHmac, type KeyObject, randomBytes, randomInt } from 'node:crypto'
import { type Clock, type CodePurpose, type DeviceCodes, KeyMissing } from '#authority'
import { type KeyId, Secret, userCodeAlphabet, userCodeLength } from '#domain'
import type { KeyRing } from './key-ring.ts'

const codeBytes = 32
const idBytes = 16

const prefixes = { 'device-code': 'cfd_', watch: 'cfw_', 'admin-link': 'cfl_' } as const

/**
 * Codes that the store knows by keyed hashes alone: a user code has 43 bits, which whoever holds the
 * database could try out one by one against a plain hash.
 */
export function createDeviceCodes(ring: KeyRing, clock: Pick<Clock, 'now'>): DeviceCodes {
  const keys: Readonly<Record<CodePurpose, ReadonlyMap<KeyId, KeyObject>>> = {
    'device-code': ring.subkeys('device/device-code'),
    'user-code': ring.subkeys('device/user-code'),
    watch: ring.subkeys('device/watch'),
    'admin-link': ring.subkeys('admin/link'),
  }
  return {
    fresh: (purpose) => new Secret(purpose === 'user-code' ? letters() : opaque(prefixes[purpose])),
    id: () => randomBytes(idBytes).toString('base64url'),
    hash: (purpose, code) => {
      const keyId = ring.current(clock.now())
      const key = keys[purpose].get(keyId)
      if (key === undefined) throw new KeyMissing(keyId)
      return digest(key, code)
    },
    // A secret that was retired opens nothing any more (rule 14).
    hashes: (purpose, code) =>
      [...keys[purpose]]
        .filter(([id]) => ring.standing(id) === 'held')
        .map(([, key]) => digest(key, code)),
  }
}

function letters(): string {
  const draw = () => userCodeAlphabet.charAt(randomInt(userCodeAlphabet.length))
  return Array.from({ length: userCodeLength }, draw).join('')
}

function opaque(prefix: string): string {
  return prefix + randomBytes(codeBytes).toString('base64url')
}

function digest(key: KeyObject, code: Secret): string {
  return createHmac('sha256', key).update(code.reveal()).digest('base64url')
}
