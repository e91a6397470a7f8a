import { expect, test } from 'vitest'
import { parseSessionId } from '#domain'
import { createRandomness } from './randomness.ts'
import { start } from './testing.ts'

test('session ids are UUIDv7, token ids UUIDv4, salts 16 bytes, and none comes twice', () => {
  const random = createRandomness()
  const seen = new Set<string>()
  for (let round = 0; round < 1000; round++) {
    const sessionId = random.sessionId(start)
    const salt = random.salt()
    const jti = random.tokenId()
    expect(parseSessionId(sessionId)).toBe(sessionId)
    expect(Buffer.from(salt, 'base64url').length).toBe(16)
    expect(jti).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    for (const drawn of [sessionId, salt, jti]) seen.add(drawn)
  }
  expect(seen.size).toBe(3000)
})
