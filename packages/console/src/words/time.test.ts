import { describe, expect, test } from 'vitest'
import { ago, ahead, axisTime, exact } from './time.ts'

describe('times in words', () => {
  test.each([
    [0, 'just now'],
    [2, 'just now'],
    [3, '3 s ago'],
    [59, '59 s ago'],
    [60, '1 min ago'],
    [3_599, '59 min ago'],
    [3_600, '1 h ago'],
    [47 * 3_600, '47 h ago'],
    [48 * 3_600, '2 d ago'],
    [400 * 86_400, '400 d ago'],
    [-5, 'just now'],
  ])('%i seconds later it is said: %s', (seconds, words) => {
    expect(ago(1_000_000, 1_000_000 + seconds)).toBe(words)
  })

  test('what is to come is said ahead, and what is due is now', () => {
    expect(ahead(160, 100)).toBe('in 1 min')
    expect(ahead(100, 100)).toBe('now')
  })

  test('the exact time names its zone', () => {
    expect(exact(1_767_225_600, 'UTC')).toBe('1 Jan 2026, 00:00:00 UTC')
  })

  test('an axis of long steps names the day', () => {
    expect(axisTime(1_767_225_600, 60, 'UTC')).toBe('00:00')
    expect(axisTime(1_767_225_600, 3_600, 'UTC')).toMatch(/^Thu,? 00:00$/)
  })
})
