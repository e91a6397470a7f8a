import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Secret } from '#domain'
import { createSealer, type Unsealed } from './seal.ts'
import { activeRing, HandClock } from './testing.ts'

const clock = new HandClock()
const sealer = createSealer(activeRing(1), clock)
const secret = new Secret('a refresh token of the provider')

function plaintextOf(unsealed: Unsealed): string {
  if (unsealed.kind !== 'opened') throw new Error(`expected an opened text, not ${unsealed.kind}`)
  return unsealed.plaintext.reveal()
}

test('what was sealed is unsealed, whatever it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.array(fc.string()), (text, identity) => {
      const sealed = sealer.seal('signing-key', identity, new Secret(text))
      expect(plaintextOf(sealer.unseal('signing-key', identity, sealed))).toBe(text)
    }),
  )
})

test('C12: the same text is sealed differently each time, and does not show', () => {
  const one = sealer.seal('provider-tokens', ['sid'], secret)
  const two = sealer.seal('provider-tokens', ['sid'], secret)
  expect(one).not.toBe(two)
  expect(Buffer.from(one, 'base64url').includes(secret.reveal())).toBe(false)
})

test('C18: one flipped bit anywhere is never opened', () => {
  const bytes = Buffer.from(sealer.seal('provider-tokens', ['sid'], secret), 'base64url')
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    const result = sealer.unseal('provider-tokens', ['sid'], flipped.toString('base64url'))
    // A flipped key id names another secret.
    const kind = bit >= 8 && bit < 40 ? 'key-missing' : 'unreadable'
    expect(result.kind).toBe(kind)
  }
})

test('C12: a sealed text is good for its own purpose and row only', () => {
  const sealed = sealer.seal('provider-tokens', ['sid', 'a'], secret)
  const unreadable = { kind: 'unreadable' }
  expect(sealer.unseal('signing-key', ['sid', 'a'], sealed)).toEqual(unreadable)
  expect(sealer.unseal('provider-tokens', ['sid', 'b'], sealed)).toEqual(unreadable)
  expect(sealer.unseal('provider-tokens', ['sida'], sealed)).toEqual(unreadable)
  expect(sealer.unseal('provider-tokens', ['sid', 'a', ''], sealed)).toEqual(unreadable)
})

test('any text whatsoever is refused without throwing', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 80 }), (text) => {
      expect(sealer.unseal('signing-key', [], text).kind).toBe('unreadable')
    }),
  )
  const sealed = sealer.seal('signing-key', [], secret)
  for (const cut of [0, 1, 5, 16, 32, sealed.length - 1]) {
    expect(sealer.unseal('signing-key', [], sealed.slice(0, cut)).kind).toBe('unreadable')
  }
  expect(sealer.unseal('signing-key', [], `${sealed}=`).kind).toBe('unreadable')
})

test('rule 14 key ring: the first secret seals, all of them unseal, a missing one is named', () => {
  const sealed = sealer.seal('signing-key', ['kid'], secret)
  const both = createSealer(activeRing(2, 1), clock)
  expect(plaintextOf(both.unseal('signing-key', ['kid'], sealed))).toBe(secret.reveal())
  const other = createSealer(activeRing(2), clock)
  const [keyId] = activeRing(1).ids
  expect(other.unseal('signing-key', ['kid'], sealed)).toEqual({ kind: 'key-missing', keyId })
  const bySecond = both.seal('signing-key', ['kid'], secret)
  expect(other.unseal('signing-key', ['kid'], bySecond).kind).toBe('opened')
})
