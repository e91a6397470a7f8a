/*
 * docs/reference/rules.md from the table of rules and the tests that bear their names. Run it to write the
 * page; with --check it fails when the page is stale, a path is gone, or a rule that is built has no test.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Rule, rules as table } from './rules-table.ts'
import { type Finding, isTest, type Source } from './source.ts'
import { listFiles, readSources, readText, report, repositoryRoot } from './tree.ts'

export const rulesPath = 'docs/reference/rules.md'
const tablePath = 'tools/rules-table.ts'

export type RuleTest = {
  readonly number: number
  readonly name: string
  readonly title: string
  readonly path: string
  readonly line: number
}

/** Titles of tests and of suites of tests: the first argument of a call that begins `rule N name:`. */
export function findRuleTests(sources: readonly Source[]): RuleTest[] {
  return sources
    .filter(({ path }) => isTest(path) && !path.startsWith('tools/'))
    .flatMap(({ path, literals }) =>
      literals.flatMap(({ text, line, before }) => {
        const [, number, name, title] = /^rule (\d+) ([^:]+): (.+)$/.exec(text) ?? []
        if (!number || !name || !title || !/\(\s*['"`]$/.test(before)) return []
        return [{ number: Number(number), name, title, path, line }]
      }),
    )
}

export function checkRules(
  rules: readonly Rule[],
  tests: readonly RuleTest[],
  paths: ReadonlySet<string>,
): Finding[] {
  const names = new Map(rules.map((rule) => [rule.number, rule.name]))
  const misnamed = tests
    .filter((one) => names.get(one.number) !== one.name)
    .map((one) => ({
      path: one.path,
      line: one.line,
      message: `rule ${one.number} is '${names.get(one.number) ?? 'not a rule'}', not '${one.name}'`,
    }))
  return [...misnamed, ...rules.flatMap((rule) => checkRule(rule, tests, paths))]
}

function checkRule(rule: Rule, tests: readonly RuleTest[], paths: ReadonlySet<string>): Finding[] {
  const name = `rule ${rule.number} ${rule.name}`
  const say = (message: string): Finding => ({ path: tablePath, line: 1, message })
  const own = tests.filter((one) => one.number === rule.number)
  const findings = rule.enforcedIn
    .filter((path) => !paths.has(path))
    .map((path) => say(`${name} is said to be enforced in ${path}, which does not exist`))
  if (rule.reach.kind === 'later') return findings
  if (rule.enforcedIn.length === 0) findings.push(say(`${name}: say where it is enforced`))
  if (own.length === 0) findings.push(say(`${name} has no test: title one '${name}: …'`))
  return findings
}

export function rulesDocument(rules: readonly Rule[], tests: readonly RuleTest[]): string {
  return [
    '# Rules',
    '',
    '<!-- Written by `npm run docs` from tools/rules-table.ts and the titles of the tests. -->',
    '',
    'What keeps ended sessions dead and living ones alive. Each rule has at least one test that fails when',
    'the rule is broken; the title of such a test begins with `rule N name:`.',
    '',
    '| rule | what holds | enforced in | tests |',
    '| --- | --- | --- | --- |',
    ...rules.map((rule) => row(rule, tests)),
    '',
  ].join('\n')
}

function row(rule: Rule, tests: readonly RuleTest[]): string {
  const own = tests.filter((one) => one.number === rule.number)
  const listed = own.map((one) => `${link(one.path)}: ${escapeCell(one.title)}`)
  const waits =
    rule.reach.kind === 'built' ? [] : [`${absence(rule)} (needs ${rule.reach.waitsFor})`]
  const cells = [
    `**${rule.number}. ${rule.name}**`,
    rule.summary,
    rule.enforcedIn.map(link).join('<br>'),
    [...listed, ...waits].join('<br>'),
  ]
  return `| ${cells.join(' | ')} |`
}

function absence(rule: Rule): string {
  return rule.reach.kind === 'later' ? 'not built yet' : 'partly not built yet'
}

function link(path: string): string {
  const name = path.replace(/^packages\/server\//, '').replace(/^packages\//, '')
  return `[${name}](../../${path})`
}

function escapeCell(text: string): string {
  return text.replace(/[|<>[\]]/g, (char) => `\\${char}`)
}

/** The page as it should be now. */
export function currentRulesDocument(): string {
  return rulesDocument(table, findRuleTests(readSources()))
}

if (import.meta.main) {
  const tests = findRuleTests(readSources())
  const paths = new Set(listFiles())
  const wanted = rulesDocument(table, tests)
  if (!process.argv.includes('--check')) writeFileSync(join(repositoryRoot, rulesPath), wanted)
  const fresh = paths.has(rulesPath) && readText(rulesPath) === wanted
  const message = 'stale: run `npm run docs` and commit what it writes'
  const stale = fresh ? [] : [{ path: rulesPath, line: 1, message }]
  report('rules', [...stale, ...checkRules(table, tests, paths)])
}
