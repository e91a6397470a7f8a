import { expect, test } from 'vitest'
import { checkRows, readRows } from './rfc9700.ts'
import { parseSource } from './source.ts'

const path = 'packages/server/test/x.test.ts'
const sources = [parseSource(path, "test('it holds', () => {})")]

function messages(lastCell: string): readonly string[] {
  const rows = readRows(`| section | a |\n| --- | --- |\n| 2.1 | a | b | ${lastCell} |`)
  return checkRows(rows, sources).map(({ message }) => message)
}

test('a row names tests that exist, or says why there is none', () => {
  expect(messages(`it holds ([x](../../${path}))`)).toEqual([])
  expect(messages('n/a: there is none')).toEqual([])
})

test('a test that is gone, something else in its place, and a table without rows are found', () => {
  expect(messages(`it held ([x](../../${path}))`)).toEqual([`${path} has no test 'it held'`])
  expect(messages('by hand')).toEqual([
    "'by hand' is not written as 'title ([file](path))'",
    '2.1 has no test',
  ])
  expect(checkRows([], sources)).toHaveLength(1)
})
