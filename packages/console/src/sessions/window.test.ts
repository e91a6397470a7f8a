import { describe, expect, test } from 'vitest'
import { scrollTo, wantsMore, windowOf } from './window.ts'

const scroll = { top: 0, viewport: 500, rowHeight: 50, count: 10_000 }

describe('the window of the list', () => {
  test('at the top it begins with the first row', () => {
    expect(windowOf(scroll)).toEqual({ first: 0, end: 18, offset: 0, height: 500_000 })
  })

  test('in the middle it has rows on both sides of what is seen', () => {
    expect(windowOf({ ...scroll, top: 250_000 })).toMatchObject({ first: 4_992, end: 5_018 })
  })

  test('at the end it ends with the last row', () => {
    expect(windowOf({ ...scroll, top: 499_500 })).toMatchObject({ first: 9_982, end: 10_000 })
  })

  test('wherever it is scrolled to, what is seen is covered and the rows are few', () => {
    for (let top = 0; top <= 499_500; top += 777) {
      const { first, end } = windowOf({ ...scroll, top })
      expect(first * 50).toBeLessThanOrEqual(top)
      expect(end * 50).toBeGreaterThanOrEqual(top + 500)
      expect(end - first).toBeLessThanOrEqual(27)
    }
  })

  test('a list that has become shorter shows its end, an empty one nothing', () => {
    expect(windowOf({ ...scroll, top: 400_000, count: 5 })).toMatchObject({ first: 0, end: 5 })
    expect(windowOf({ ...scroll, count: 0 })).toEqual({ first: 0, end: 0, offset: 0, height: 0 })
  })

  test('the next page is asked for before its rows are needed', () => {
    expect(wantsMore({ first: 0, end: 18, offset: 0, height: 0 }, 200)).toBe(false)
    expect(wantsMore({ first: 140, end: 165, offset: 0, height: 0 }, 200)).toBe(true)
  })

  test('a row that is not seen whole is scrolled to by as little as needed', () => {
    expect(scrollTo(3, scroll)).toBeUndefined()
    expect(scrollTo(10, scroll)).toBe(50)
    expect(scrollTo(1, { ...scroll, top: 300 })).toBe(50)
  })
})
