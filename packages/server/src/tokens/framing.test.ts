import fc from 'fast-check'
import { expect, test } from 'vitest'
import { frame } from './framing.ts'

const field = fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom('', '\0', '|', 'a', 'aa'))
const fields = fc.array(field, { maxLength: 4 })

test('C12: no two lists of fields are framed alike', () => {
  fc.assert(
    fc.property(fields, fields, (one, two) => {
      const same = JSON.stringify(one) === JSON.stringify(two)
      expect(frame(...one).equals(frame(...two))).toBe(same)
    }),
  )
  expect(frame('ab', 'c')).not.toEqual(frame('a', 'bc'))
  expect(frame('a', '')).not.toEqual(frame('a'))
})
