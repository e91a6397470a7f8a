import { describe, expect, test } from 'vitest'
import { checkRules, findRuleTests, rulesDocument } from './rules.ts'
import { type Rule, rules } from './rules-table.ts'
import { parseSource } from './source.ts'

const suite = 'packages/server/test/e2e/logout.test.ts'
const fence: Rule = {
  number: 1,
  name: 'fence',
  summary: 'A late start is refused.',
  enforcedIn: ['a.ts'],
  issues: [2],
  reach: { kind: 'built' },
}

function testsIn(text: string, path = suite): ReturnType<typeof findRuleTests> {
  return findRuleTests([parseSource(path, text)])
}

function messages(rule: Rule, text: string): string[] {
  return checkRules([rule], testsIn(text), new Set(['a.ts'])).map((finding) => finding.message)
}

describe('which tests belong to a rule', () => {
  test.each([
    "test('rule 1 fence: late', () => {})",
    'describe(`rule 1 fence: late`, () => {})',
    "test.each([1])(\n  'rule 1 fence: late', () => {})",
  ])('%s does', (text) => {
    expect(testsIn(text)).toMatchObject([{ number: 1, name: 'fence', title: 'late', path: suite }])
  })

  test('a title in a comment, a variable or a source file does not', () => {
    expect(testsIn("// test('rule 1 fence: late')\n")).toEqual([])
    expect(testsIn("const title = 'rule 1 fence: late'\n")).toEqual([])
    expect(testsIn("log('rule 1 fence: late')\n", 'packages/server/src/feed/tail.ts')).toEqual([])
  })
})

describe('what the check refuses', () => {
  const tested = "test('rule 1 fence: late', () => {})"

  test('a rule with a test and a place is fine', () => {
    expect(messages(fence, tested)).toEqual([])
  })

  test('a rule without a test', () => {
    expect(messages(fence, '')).toEqual(["rule 1 fence has no test: title one 'rule 1 fence: …'"])
  })

  test('a rule without a place, and a place that is gone', () => {
    expect(messages({ ...fence, enforcedIn: [] }, tested)).toHaveLength(1)
    expect(messages({ ...fence, enforcedIn: ['b.ts'] }, tested)).toEqual([
      'rule 1 fence is said to be enforced in b.ts, which does not exist',
    ])
  })

  test('a test whose number and name disagree', () => {
    expect(messages(fence, `${tested}\ntest('rule 1 fences: late', () => {})`)).toHaveLength(1)
    expect(messages(fence, `${tested}\ntest('rule 40 fence: late', () => {})`)).toHaveLength(1)
  })

  test('a rule for later needs neither', () => {
    const reach = { kind: 'later', waitsFor: 'Redis' } as const
    expect(messages({ ...fence, enforcedIn: [], reach }, '')).toEqual([])
  })
})

test('the page names each rule, its tests and what it waits for', () => {
  const reach = { kind: 'partly', waitsFor: 'Redis' } as const
  const page = rulesDocument([{ ...fence, reach }], testsIn("test('rule 1 fence: a | b', f)"))
  expect(page).toContain('**1. fence**')
  expect(page).toContain(
    '[test/e2e/logout.test.ts](../../packages/server/test/e2e/logout.test.ts): a \\| b',
  )
  expect(page).toContain('partly not built yet (needs Redis)')
})

test('the table has the 39 rules in order, each name once', () => {
  expect(rules.map((rule) => rule.number)).toEqual(
    Array.from({ length: 39 }, (_, index) => index + 1),
  )
  expect(new Set(rules.map((rule) => rule.name)).size).toBe(39)
})
