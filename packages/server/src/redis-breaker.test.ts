import { describe, expect, test } from 'vitest'
import { Breaker } from './redis-breaker.ts'

function failing(times: number, now = 0): Breaker {
  const breaker = new Breaker({ failuresMax: 3, openMs: 1000 })
  for (let n = 0; n < times; n++) breaker.failed(now)
  return breaker
}

describe('Breaker', () => {
  test('lets everything through until several failures came in a row', () => {
    const breaker = failing(2)
    expect([breaker.open, breaker.admits(0)]).toEqual([false, true])
    breaker.answered()
    breaker.failed(1)
    breaker.failed(2)
    expect(breaker.open).toBe(false)
    breaker.failed(3)
    expect([breaker.open, breaker.admits(3)]).toEqual([true, false])
  })

  test('lets one command through when its time is over, and no other meanwhile', () => {
    const breaker = failing(3)
    expect([breaker.admits(999), breaker.admits(1000), breaker.admits(1000)]).toEqual([
      false,
      true,
      false,
    ])
    expect(breaker.open).toBe(true)
  })

  test('an answer to the trial closes it, and the count begins anew', () => {
    const breaker = failing(3)
    breaker.admits(1000)
    breaker.answered()
    expect([breaker.open, breaker.admits(1000), breaker.admits(1000)]).toEqual([false, true, true])
    breaker.failed(1001)
    breaker.failed(1002)
    expect(breaker.open).toBe(false)
  })

  test('one failure of the trial opens it for as long again', () => {
    const breaker = failing(3)
    breaker.admits(1500)
    breaker.failed(1600)
    expect([breaker.admits(2599), breaker.admits(2600)]).toEqual([false, true])
  })

  test('commands under way when it opened prolong it at most by their time-out', () => {
    const breaker = failing(3)
    breaker.failed(100)
    expect([breaker.admits(1099), breaker.admits(1100)]).toEqual([false, true])
  })
})
