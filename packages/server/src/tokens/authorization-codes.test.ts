import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createCodeTokens } from './authorization-codes.ts'

const { proves } = createCodeTokens()

function provesItself(verifier: string): boolean {
  return proves(verifier, createHash('sha256').update(verifier).digest('base64url'))
}

test('a verifier proves its own challenge and no other', () => {
  const verifier = 'Az09-._~'.repeat(8)
  expect(provesItself(verifier)).toBe(true)
  expect(proves(verifier, 'A'.repeat(43))).toBe(false)
})

test.each([
  ['43 characters', 'v'.repeat(43), true],
  ['42', 'v'.repeat(42), false],
  ['128', 'v'.repeat(128), true],
  ['129', 'v'.repeat(129), false],
  ['a character of plain base64', `${'v'.repeat(43)}+`, false],
])('RFC 7636, section 4.1: a verifier of %s', (_what, verifier, good) => {
  expect(provesItself(verifier)).toBe(good)
})
