import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Denylist } from './denylist.ts'

function sid(n: number): string {
  return `0198c5f0-1234-7abc-8def-${n.toString(16).padStart(12, '0')}`
}

describe('Denylist', () => {
  test('denies what was added until it is swept after its time', () => {
    const list = new Denylist()
    list.add(sid(1), 100)
    expect(list.has(sid(1))).toBe(true)
    expect(list.has(sid(2))).toBe(false)
    expect(list.sweep(99)).toBe(0)
    expect(list.has(sid(1))).toBe(true)
    expect(list.sweep(100)).toBe(1)
    expect(list.has(sid(1))).toBe(false)
    expect(list.size).toBe(0)
  })

  test('of two times the later one stands, whichever came first', () => {
    const list = new Denylist()
    list.add(sid(1), 200)
    list.add(sid(1), 100)
    list.add(sid(2), 100)
    list.add(sid(2), 200)
    expect(list.sweep(150)).toBe(0)
    expect(list.size).toBe(2)
    expect(list.sweep(200)).toBe(2)
  })

  test('refuses to add what is no UUID in lower case, and never has it', () => {
    const list = new Denylist()
    list.add(sid(10), 100)
    const wrong = [
      '',
      'x',
      sid(10).toUpperCase(),
      `${sid(10)} `,
      sid(10).replaceAll('-', '_'),
      sid(10).replace('0198', '01g8'),
      sid(10).replace('0198', '01\u01308'),
      `${sid(10).slice(0, -1)}\u0161`,
    ]
    for (const text of wrong) {
      expect(list.has(text)).toBe(false)
      expect(() => list.add(text, 100)).toThrow(TypeError)
    }
    expect(list.size).toBe(1)
  })

  test('refuses a time that is none', () => {
    const list = new Denylist()
    for (const time of [0, -1, Number.NaN]) expect(() => list.add(sid(1), time)).toThrow(TypeError)
    list.add(sid(1), Number.POSITIVE_INFINITY)
    expect(list.sweep(0xffff_fffe)).toBe(0)
  })

  test('calls for help at capacityMax once, and evicts nothing', () => {
    const alarms: number[] = []
    const list = new Denylist({ capacityMax: 100, onCapacityMax: (size) => alarms.push(size) })
    for (let n = 0; n < 500; n++) list.add(sid(n), 100 + (n % 2))
    expect(alarms).toEqual([100])
    for (let n = 0; n < 500; n++) expect(list.has(sid(n))).toBe(true)
    list.sweep(101)
    for (let n = 0; n < 100; n++) list.add(sid(n), 200)
    expect(alarms).toEqual([100, 100])
  })

  test('a million entries take at most 40 MB', () => {
    const list = new Denylist()
    for (let n = 0; n < 1_000_000; n++) list.add(sid(n), 100)
    expect(list.bytes).toBeLessThanOrEqual(40_000_000)
    expect(list.has(sid(999_999))).toBe(true)
    expect(list.has(sid(1_000_000))).toBe(false)
  })

  test('comes back from what it was exported to, and refuses what is cut off', () => {
    const list = new Denylist()
    for (let n = 0; n < 1000; n++) list.add(sid(n), 100 + n)
    const bytes = list.export()
    expect(bytes.byteLength).toBe(20_000)
    const other = new Denylist()
    other.add(sid(5000), 50)
    other.import(bytes)
    expect(other.size).toBe(1001)
    expect(other.sweep(599)).toBe(501)
    expect(other.has(sid(499))).toBe(false)
    expect(other.has(sid(500))).toBe(true)
    expect(() => other.import(bytes.slice(0, -1))).toThrow('cut off')
  })

  test('gives memory back once most entries have left', () => {
    const list = new Denylist()
    for (let n = 0; n < 10_000; n++) list.add(sid(n), n < 9_990 ? 100 : 200)
    const full = list.bytes
    list.sweep(150)
    expect(list.bytes).toBeLessThan(full / 100)
    for (let n = 9_990; n < 10_000; n++) expect(list.has(sid(n))).toBe(true)
  })

  test('does what a Map would do, for any order of adds and sweeps', () => {
    const words = fc.constantFrom('00000000', 'ffffffff', '0198c5f0', '89abcdef')
    // Few different ids, some that share the last word, so that runs and wraps are frequent.
    const anyId = fc.oneof(
      fc.integer({ min: 0, max: 300 }).map(sid),
      fc
        .tuple(words, fc.constantFrom('0000', 'ffff'), words)
        .map(([a, b, c]) => `${a}-${b}-7000-8000-${b}${c}`),
    )
    const step = fc.oneof(
      { weight: 9, arbitrary: fc.record({ sid: anyId, until: fc.integer({ min: 1, max: 99 }) }) },
      { weight: 1, arbitrary: fc.record({ sweep: fc.integer({ min: 0, max: 99 }) }) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (steps) => {
        const list = new Denylist()
        const model = new Map<string, number>()
        const seen = new Set<string>()
        for (const each of steps) {
          if ('sweep' in each) {
            list.sweep(each.sweep)
            for (const [id, until] of model) if (until <= each.sweep) model.delete(id)
          } else {
            list.add(each.sid, each.until)
            seen.add(each.sid)
            model.set(each.sid, Math.max(model.get(each.sid) ?? 0, each.until))
          }
          if (list.size !== model.size) return false
        }
        return [...seen].every((id) => list.has(id) === model.has(id))
      }),
      { numRuns: 60 },
    )
  })
})
