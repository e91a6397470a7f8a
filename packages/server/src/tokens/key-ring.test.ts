import { describe, expect, test } from 'vitest'
import { instant, Secret } from '#domain'
import { KeyRing } from './key-ring.ts'
import { activeRing, HandClock, MemoryKeyStore, secretOf } from './testing.ts'

const delayMs = 600_000

function firstId(byte: number): ReturnType<KeyRing['current']> {
  return new KeyRing([secretOf(byte)]).current(instant(0))
}

describe('rule 14 key ring', () => {
  test('rule 14 key ring: on an empty store the first secret derives at once', async () => {
    const clock = new HandClock()
    const ring = new KeyRing([secretOf(1), secretOf(2)])
    await ring.register(new MemoryKeyStore(clock), delayMs)
    expect(ring.current(clock.now())).toBe(firstId(1))
  })

  test('rule 14 key ring: a new first secret derives only after the delay', async () => {
    const clock = new HandClock()
    const store = new MemoryKeyStore(clock)
    await new KeyRing([secretOf(1)]).register(store, delayMs)
    const ring = new KeyRing([secretOf(2), secretOf(1)])
    await ring.register(store, delayMs)
    expect(ring.current(clock.now())).toBe(firstId(1))
    clock.pass(delayMs - 1)
    expect(ring.current(clock.now())).toBe(firstId(1))
    clock.pass(1)
    expect(ring.current(clock.now())).toBe(firstId(2))
  })

  test('rule 14 key ring: a listed secret that is not held is missing, another one unlisted', async () => {
    const store = new MemoryKeyStore(new HandClock())
    await new KeyRing([secretOf(1)]).register(store, delayMs)
    const ring = new KeyRing([secretOf(2)])
    await ring.register(store, delayMs)
    expect(ring.standing(firstId(1))).toBe('missing')
    expect(ring.standing(firstId(2))).toBe('held')
    expect(ring.standing(firstId(3))).toBe('unlisted')
  })

  test('rule 14 key ring: a retired secret is unlisted although it is held, and derives no more', async () => {
    const clock = new HandClock()
    const store = new MemoryKeyStore(clock)
    const ring = new KeyRing([secretOf(1), secretOf(2)])
    await ring.register(store, delayMs)
    await store.retireKeyId(firstId(1))
    ring.update(await store.keyIds())
    expect(ring.standing(firstId(1))).toBe('unlisted')
    expect(ring.holds(firstId(1))).toBe(true)
    expect(ring.current(clock.now())).toBe(firstId(2))
  })

  test('a replica whose clock is behind the store derives with the secret that is next', () => {
    const ring = new KeyRing([secretOf(1), secretOf(2)])
    ring.update([
      { keyId: firstId(1), activatesAt: instant(2_000) },
      { keyId: firstId(2), activatesAt: instant(1_000) },
    ])
    expect(ring.current(instant(999))).toBe(firstId(2))
  })
})

test('subkeys differ by purpose and by secret, and a key id is no part of any', () => {
  const ring = activeRing(1, 2)
  const bytes = ['a', 'b'].flatMap((purpose) => {
    return [...ring.subkeys(purpose).values()].map((key) => key.export().toString('hex'))
  })
  expect(new Set(bytes).size).toBe(4)
})

test.each([
  ['', 'secrets[0] is not 32 bytes'],
  ['short', 'secrets[0] is not 32 bytes'],
  [`${secretOf(1).reveal()}=`, 'secrets[0] is not 32 bytes'],
  [` ${secretOf(1).reveal()}`, 'secrets[0] is not 32 bytes'],
  [Buffer.alloc(32, 1).toString('hex'), 'secrets[0] is not 32 bytes'],
])('a secret such as %j is refused by its place, never by its value', (text, message) => {
  const make = (): KeyRing => new KeyRing([new Secret(text)])
  expect(make).toThrow(message)
  if (text !== '') expect(make).not.toThrow(text)
})

test('an empty ring and a secret that stands there twice are refused', () => {
  expect(() => new KeyRing([])).toThrow('`secrets` is empty')
  expect(() => new KeyRing([secretOf(1), secretOf(1)])).toThrow('twice')
})
