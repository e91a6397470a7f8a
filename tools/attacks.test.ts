import { describe, expect, test } from 'vitest'
import { type AttackRow, checkAttacks, findAttackTests, readTable } from './attacks.ts'
import { parseSource } from './source.ts'

const path = 'packages/server/test/x.test.ts'
const row = (attack: number, parts: Partial<AttackRow> = {}): AttackRow => ({
  ...{ line: attack, attack, stray: [] },
  tests: [{ path, title: `C${attack}: it holds` }],
  ...parts,
})
const all = Array.from({ length: 29 }, (_, index) => row(index + 1))
const tests = all.flatMap((one) => one.tests)

const messages = (rows: readonly AttackRow[], of = tests): string[] =>
  checkAttacks(rows, of).map(({ message }) => message)

describe('the table', () => {
  test('each row names its class and its tests, with their files', () => {
    const text = [
      '| class | elsewhere | here | tests |',
      '| --- | --- | --- | --- |',
      `| **C4 two readers** | a | b | C4: one ([x](${path}))<br>C4: two (again) ([x](${path})) |`,
    ].join('\n')
    expect(readTable(text)).toEqual([
      {
        ...{ line: 3, attack: 4, stray: [] },
        tests: [
          { path, title: 'C4: one' },
          { path, title: 'C4: two (again)' },
        ],
      },
    ])
  })

  test('what is no test with its file is told', () => {
    const [found] = readTable('| **C4 two readers** | a | b | see the tests |')
    expect(messages(all.map((one) => (one.attack === 4 && found ? found : one)))).toEqual([
      "'see the tests' is not written as 'C4: title ([file](path))'",
      "C4 has no test: title one 'C4: …'",
    ])
  })
})

describe('the check', () => {
  test('is content when every class has a row and every row a test that exists', () => {
    expect(messages(all)).toEqual([])
  })

  test('tells a class that has no row', () => {
    expect(messages(all.filter(({ attack }) => attack !== 12))).toEqual(['C12 has no row'])
  })

  test('tells a test that is gone', () => {
    const left = tests.filter(({ title }) => title !== 'C7: it holds')
    expect(messages(all, left)).toEqual([`${path} has no test 'C7: it holds'`])
  })

  test('tells a class whose only test is another one’s', () => {
    const borrowed = row(3, { tests: [{ path, title: 'C4: it holds' }] })
    expect(messages(all.map((one) => (one.attack === 3 ? borrowed : one)))).toEqual([
      "C3 has no test: title one 'C3: …'",
    ])
  })
})

test('titles of tests and suites count, other texts and other files do not', () => {
  const text = [
    "describe('C1: a suite', () => {})",
    "test.each([1])('C2: %s', () => {})",
    "const words = 'C3: no title'",
    "test('L01, C4: not at its beginning', () => {})",
  ].join('\n')
  expect(findAttackTests([parseSource(path, text), parseSource('tools/x.ts', text)])).toEqual([
    { path, title: 'C1: a suite' },
    { path, title: 'C2: %s' },
  ])
})
