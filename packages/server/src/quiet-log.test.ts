import { expect, test } from 'vitest'
import { QuietLog } from './quiet-log.ts'

test('N04: the same line is written once a second, and says how many it stands for', () => {
  let now = 0
  const quiet = new QuietLog(() => now)
  expect(quiet.admit('a')).toBe(0)
  expect([quiet.admit('a'), quiet.admit('a')]).toEqual([undefined, undefined])
  expect(quiet.admit('b')).toBe(0)
  now = 1000
  expect(quiet.admit('a')).toBe(2)
  now = 2000
  expect(quiet.admit('a')).toBe(0)
})

test('lines that an attacker invents share one place, and memory stays bounded', () => {
  let now = 0
  const quiet = new QuietLog(() => now)
  const written = Array.from({ length: 5000 }, (_, n) => quiet.admit(`line ${n}`))
  expect(written.filter((one) => one !== undefined)).toHaveLength(1001)
  now = 1000
  expect(quiet.admit('line 4999')).toBe(3999)
})
