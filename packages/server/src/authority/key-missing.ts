import type { KeyId } from '#domain'
import type { Rooms } from './rooms.ts'
import type { OpaquePurpose, OpenedToken, OpenResult } from './token-ports.ts'

/** A token of a secret that other replicas hold and this one lacks: 503, not 401 (rule 14). */
export class KeyMissing extends Error {
  readonly code = 'key_missing'
  readonly keyId: KeyId

  constructor(keyId: KeyId) {
    super(`This replica lacks the secret ${keyId} that the store lists; add it to \`secrets\`.`)
    this.keyId = keyId
  }
}

/** Opens an opaque token; `undefined` when it is not ours. @throws KeyMissing */
export function openToken(
  rooms: Rooms,
  purpose: OpaquePurpose,
  text: string,
): OpenedToken | undefined {
  const result: OpenResult = rooms.opaque.open(purpose, text)
  switch (result.kind) {
    case 'opened':
      return result.token
    case 'forged':
      return undefined
    case 'key-missing':
      rooms.signals.alarm({ kind: 'key-missing', keyId: result.keyId })
      throw new KeyMissing(result.keyId)
    default:
      return result satisfies never
  }
}
