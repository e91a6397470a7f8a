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

test('lines that an attacker invents share one place: a second has so many and no more', () => {
  let now = 0
  const quiet = new QuietLog(() => now)
  const second = (at: number) => {
    now = at * 1000
    const admitted = Array.from({ length: 5000 }, (_, n) => quiet.admit(`line ${at} ${n}`))
    return admitted.filter((one) => one !== undefined).length
  }
  for (const at of [0, 1, 2]) expect(second(at)).toBeLessThanOrEqual(51)
})

test('whoever invented lines does not keep the next one out', () => {
  let now = 0
  const quiet = new QuietLog(() => now)
  for (let n = 0; n < 5000; n++) quiet.admit(`line ${n}`)
  now = 1000
  expect(quiet.admit('untrusted_proxy')).toBe(0)
  expect(quiet.admit('untrusted_proxy')).toBeUndefined()
  expect(quiet.admit('missing_header')).toBe(0)
})
