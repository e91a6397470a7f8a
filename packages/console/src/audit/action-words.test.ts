import { expect, test } from 'vitest'
import { actionWords, detailWords } from './action-words.ts'

test('a deed that the console does not know yet is told all the same', () => {
  expect(actionWords('user_disabled')).toBe('disabled')
  expect(actionWords('client_added')).toBe('client added')
})

test('details are told in words, and what says nothing is left out', () => {
  expect(
    detailWords({ reason: 'device_lost', ended: 4, now: false, roles: ['a', 'b'], by: null }),
  ).toBe('reason device_lost, ended 4, roles a + b')
  expect(detailWords({ before: { roles: [] } })).toBe('before {"roles":[]}')
})
