import { describe, expect, test } from 'vitest'
import { instant } from '#domain'
import { StoreClock } from './clock.ts'

function setUp() {
  const process = { now: 10_000 }
  const jumps: number[] = []
  const clock = new StoreClock({
    clockJumpMaxMs: 1000,
    processNow: () => process.now,
    onJump: (movedByMs) => jumps.push(movedByMs),
  })
  /** The store is `offsetMs` ahead and answers exactly in the middle, or `skewMs` later. */
  const observe = (offsetMs: number, roundTripMs = 10, skewMs = 0) => {
    const sentAt = process.now
    process.now += roundTripMs
    clock.observe(instant(sentAt + roundTripMs / 2 + offsetMs + skewMs), sentAt, process.now)
  }
  return { process, clock, observe, jumps }
}

describe('StoreClock', () => {
  test("rule 6 the store's clock: now is the process's clock plus the offset to the store", () => {
    const { process, clock, observe } = setUp()
    expect(clock.trusted).toBe(false)
    observe(5000)
    expect(clock.trusted).toBe(true)
    expect(clock.now()).toBe(process.now + 5000)
    process.now += 77
    expect(clock.now()).toBe(process.now + 5000)
  })

  test("rule 6 the store's clock: the shortest of the recent round trips says the offset", () => {
    const { clock, observe } = setUp()
    observe(5000, 2)
    observe(5000, 400, 190)
    observe(5000, 300, -140)
    expect(clock.offsetMs).toBe(5000)
    for (let n = 0; n < 8; n++) observe(5100, 20)
    expect(clock.offsetMs).toBe(5100)
  })

  test("rule 6 the store's clock: an offset that jumps is not trusted until observations agree", () => {
    const { process, clock, observe, jumps } = setUp()
    observe(0)
    observe(60_000)
    expect(clock.trusted).toBe(false)
    expect(clock.now()).toBe(process.now + 60_000)
    observe(60_000)
    expect(clock.trusted).toBe(false)
    observe(60_010)
    expect(clock.trusted).toBe(true)
    expect(jumps).toEqual([60_000])
  })

  test('a slow answer is not taken for a jump', () => {
    const { clock, observe } = setUp()
    observe(0)
    observe(0, 5000, 2400)
    expect(clock.trusted).toBe(true)
    expect(clock.offsetMs).toBe(0)
  })

  test('an observation during which the process clock was set back says nothing', () => {
    const { clock } = setUp()
    clock.observe(instant(99_000), 20_000, 10_000)
    expect(clock.trusted).toBe(false)
    expect(clock.offsetMs).toBe(0)
  })

  test('the store is regained by the first observation after it was lost, and not before', () => {
    const { process, clock, observe } = setUp()
    observe(100)
    expect(clock.regainedAt()).toBe(0)
    clock.lost()
    process.now += 50_000
    expect(clock.regainedAt()).toBe(0)
    observe(100)
    const regained = clock.regainedAt()
    expect(regained).toBe(process.now + 100)
    observe(100)
    expect(clock.regainedAt()).toBe(regained)
  })

  test("without options it is the platform's clock, in whole milliseconds", () => {
    const clock = new StoreClock()
    const before = Math.floor(clock.processNow())
    expect(Number.isSafeInteger(clock.now())).toBe(true)
    expect(clock.now()).toBeGreaterThanOrEqual(before)
  })
})
