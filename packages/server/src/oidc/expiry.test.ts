import { expect, test } from 'vitest'
import { instant } from '#domain'
import { tokensExpireAt } from './expiry.ts'

const now = instant(1_800_000_000_000)
const seconds = now / 1000

test('the access token counts, and without its life the ID token', () => {
  expect(tokensExpireAt(now, 300, seconds + 60)).toBe(now + 300_000)
  expect(tokensExpireAt(now, undefined, seconds + 60)).toBe(now + 60_000)
  expect(tokensExpireAt(now, Number.NaN, seconds + 60)).toBe(now + 60_000)
  expect(tokensExpireAt(now, undefined, undefined)).toBeNull()
})

test('tokens live for a second, though they have run out when they come', () => {
  for (const expiresIn of [0, -5, 0.2, Number.MIN_SAFE_INTEGER]) {
    expect(tokensExpireAt(now, expiresIn, undefined)).toBe(now + 1000)
  }
  expect(tokensExpireAt(now, undefined, seconds - 90)).toBe(now + 1000)
})

test('no provider makes them live longer than a date can hold', () => {
  const latest = tokensExpireAt(now, Number.MAX_SAFE_INTEGER, undefined)
  expect(latest).toBe(tokensExpireAt(now, undefined, Number.MAX_SAFE_INTEGER))
  expect(Number.isFinite(new Date(latest ?? 0).getTime())).toBe(true)
})
