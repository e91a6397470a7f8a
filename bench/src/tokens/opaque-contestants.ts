/* The opaque tokens: derive one, open it (outer MAC), prove it against its row's salt (inner MAC). */
import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import { createOpaqueTokens } from '../../../packages/server/src/tokens/index.ts'
import type { Contestant } from '../measure/contestant.ts'
import { repeated } from './jws-contestants.ts'
import { clock, freshRing, random } from './keys.ts'

/** What one MAC covers, in bytes, within one block of SHA-256 more or less. */
const macInputLength = 56

export function opaqueContestants(): readonly Contestant[] {
  const ring = freshRing()
  const opaque = createOpaqueTokens(ring, clock)
  const salt = random.salt()
  const parts = { sid: random.sessionId(clock.now()), generation: 7, keyId: opaque.currentKeyId() }
  const text = opaque.issue('refresh', parts, salt)
  const opened = opaque.open('refresh', text)
  if (opened.kind !== 'opened') throw new Error(`a token of our own is ${opened.kind}`)
  const key = createSecretKey(randomBytes(32))
  const input = randomBytes(macInputLength)
  return [
    repeated('opaque derive, curfew', () => opaque.issue('refresh', parts, salt)),
    repeated('opaque open, curfew', () => opaque.open('refresh', text)),
    repeated('opaque prove, curfew', () => opaque.verify(opened.token, salt)),
    repeated('one HMAC-SHA256, node:crypto', () =>
      createHmac('sha256', key).update(input).digest(),
    ),
  ]
}
