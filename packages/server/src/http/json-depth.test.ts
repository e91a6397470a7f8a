import { expect, test } from 'vitest'
import { isTooDeep, jsonDepthMax } from './json-depth.ts'

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

test('a body may be nested so deep and no deeper', () => {
  expect(isTooDeep(nested(jsonDepthMax))).toBe(false)
  expect(isTooDeep(nested(jsonDepthMax + 1))).toBe(true)
  expect(isTooDeep('{"a":'.repeat(jsonDepthMax + 1))).toBe(true)
})

test('brackets in strings do not count, also behind escaped quotes', () => {
  expect(isTooDeep(JSON.stringify({ text: `"${'['.repeat(100)}\\` }))).toBe(false)
  expect(isTooDeep(`["\\"${'{'.repeat(100)}"]`)).toBe(false)
})

test('many values side by side are not deep', () => {
  expect(isTooDeep(JSON.stringify(Array.from({ length: 5000 }, () => [{}])))).toBe(false)
})
