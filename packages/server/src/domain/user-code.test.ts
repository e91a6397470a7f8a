import { expect, test } from 'vitest'
import { formatUserCode, parseUserCode, userCodeAlphabet, userCodeLength } from './user-code.ts'

test('rule 37 limits: a user code has at least 40 bits', () => {
  expect(new Set(userCodeAlphabet).size).toBe(userCodeAlphabet.length)
  expect(userCodeLength * Math.log2(userCodeAlphabet.length)).toBeGreaterThanOrEqual(40)
})

test.each([
  'BCDFG-HJKLM',
  'bcdfg-hjklm',
  ' bcdfg hjklm ',
  'BCDFGHJKLM',
  'BCD.FGH–JK_LM',
  'bcdfg\thjklm',
])('what a person types is one code: %j', (typed) => {
  const code = parseUserCode(typed)
  expect(code).toBe('BCDFGHJKLM')
  expect(formatUserCode(code ?? '')).toBe('BCDFG-HJKLM')
})

test.each([
  '',
  'BCDFG',
  'BCDFG-HJKLMN',
  'ABCDF-GHJKL',
  'BCDFG-HJKL1',
  'BCDFG+HJKLM',
  'ＢCDFGHJKLM',
])('anything else is none: %j', (typed) => {
  expect(parseUserCode(typed)).toBeUndefined()
})
