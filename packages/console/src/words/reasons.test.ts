import { expect, test } from 'vitest'
import { asReason, isReason, presetReasons, reasonWords } from './reasons.ts'

test('a known reason is told in words, and one of an administrator in its own', () => {
  expect(reasonWords('refresh_reuse')).toBe('Refresh token replayed')
  expect(reasonWords('ticket_4711')).toBe('ticket 4711')
})

test('what is typed becomes a reason that the API takes', () => {
  expect(asReason('Ticket #4711 – lost phone')).toBe('ticket_4711_lost_phone')
  expect(asReason('x'.repeat(80))).toHaveLength(64)
  expect(isReason(asReason(' '))).toBe(false)
})

test('every preset is a reason that the API takes', () => {
  expect(presetReasons.filter((one) => !isReason(one.code))).toEqual([])
})
