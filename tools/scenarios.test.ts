import { describe, expect, test } from 'vitest'
import {
  checkScenarios,
  findScenarioTests,
  type ScenarioTables,
  scenariosDocument,
} from './scenarios.ts'
import { parseSource } from './source.ts'

const suite = 'packages/server/test/e2e/sign-in.test.ts'
const tables: ScenarioTables = {
  chapters: [{ name: 'Sign-in', scenarios: { L01: 'a page leads there', L02: 'with PKCE' } }],
  excused: { L02: 'There is none.' },
  remarks: {},
  open: {},
}

function testsIn(text: string, path = suite): ReturnType<typeof findScenarioTests> {
  return findScenarioTests([parseSource(path, text)])
}

function messages(text: string, changes: Partial<ScenarioTables> = {}): string[] {
  return checkScenarios({ ...tables, ...changes }, testsIn(text)).map(({ message }) => message)
}

describe('which tests belong to a scenario', () => {
  test.each([
    ["test('scenario L01: there', f)", ['L01'], 'there'],
    ["test('scenarios L01, L02: there', f)", ['L01', 'L02'], 'there'],
    ["test('rule 27 return: scenario L01: there', f)", ['L01'], 'rule 27 return: there'],
    ["test.each([\n  ['scenario L01: there', 1],\n])('%s', f)", ['L01'], 'there'],
    ['describe(`scenario L01: after $' + '{x}`, f)', ['L01'], 'after '],
    ["test('scenario L01 (C5): there', f)", ['L01'], ' (C5): there'],
  ])('%s', (text, ids, title) => {
    const found = testsIn(text)
    expect(found.map(({ id }) => id)).toEqual(ids)
    expect(found[0]).toMatchObject({ title, path: suite })
  })

  test.each([
    ["test('L01: there', f)", suite],
    ["test('rule 1 fence: S34: there', f)", suite],
    ["// test('scenario L01: there')\n", suite],
    ["const title = 'scenario L01: there'\n", suite],
    ["log('scenario L01: there')\n", 'packages/server/src/feed/tail.ts'],
    ["test('every scenario is one', f)", suite],
  ])('not %s', (text, path) => {
    expect(testsIn(text, path)).toEqual([])
  })
})

describe('what the check refuses', () => {
  const tested = "test('scenario L01: there', f)"

  test('one tested and the other excused is fine', () => {
    expect(messages(tested)).toEqual([])
  })

  test('neither tested nor excused', () => {
    expect(messages('')).toEqual([
      "scenario L01 has no test (title one 'scenario L01: …') and is not excused",
    ])
    expect(messages('', { open: { L01: 'the join' } })).toEqual([])
  })

  test('excused, or said to be open, and tested all the same', () => {
    expect(messages("test('scenarios L01, L02: x', f)")).toEqual([
      'scenario L02 is excused, and has a test',
    ])
    expect(messages(tested, { open: { L01: 'the join' } })).toEqual([
      'scenario L01 is said to be open, and has a test',
    ])
  })

  test('an id that is in no chapter, in a title or in a list', () => {
    expect(messages(`${tested}\ntest('scenario L1: x', f)`)).toEqual(['there is no scenario L1'])
    expect(messages(tested, { remarks: { Z01: 'x' } })).toEqual(['no scenario is called Z01'])
  })
})

test('the page says of each scenario what shows it, or why nothing has to', () => {
  const page = scenariosDocument(
    { ...tables, remarks: { L01: 'Here too.' } },
    testsIn("test('scenario L01: a | b', f)"),
  )
  const link = `[test/e2e/sign-in.test.ts](../../${suite})`
  expect(page).toContain(`| **L01** | a page leads there | Here too.<br>${link}: a \\| b |`)
  expect(page).toContain('| **L02** | with PKCE | There is none. |')
})
