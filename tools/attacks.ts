/*
 * The table of attack classes in SECURITY.md and the tests that bear their names: it fails when a class is
 * missing, has no test, or names one that is gone. A title of such a test begins with `C7: `.
 */
import { type Finding, isTest, type Source } from './source.ts'
import { readSources, readText, report } from './tree.ts'

const securityPath = 'SECURITY.md'
/** As they were counted when the advisories of other gateways were read. */
const classesMax = 29

export type AttackTest = { readonly path: string; readonly title: string }

/** Titles of tests and of suites of tests: the first argument of a call that begins `C7: `. */
export function findAttackTests(sources: readonly Source[]): AttackTest[] {
  return sources
    .filter(({ path }) => isTest(path) && path !== 'tools/attacks.test.ts')
    .flatMap(({ path, literals }) =>
      literals
        .filter(({ text, before }) => /^C\d+: ./.test(text) && /\(\s*['"`]$/.test(before))
        .map(({ text }) => ({ path, title: text })),
    )
}

/** One row of the table: `| **C7 name** | elsewhere | here | title ([file](path))<br>… |`. */
export type AttackRow = {
  readonly line: number
  readonly attack: number
  readonly tests: readonly AttackTest[]
  /** What stands in the last cell and is no test with its file. */
  readonly stray: readonly string[]
}

export function readTable(text: string): AttackRow[] {
  return text.split('\n').flatMap((line, index) => {
    const [, attack, cells = ''] = /^\| \*\*C(\d+) [^*|]+\*\* \|(.*)\|$/.exec(line) ?? []
    if (attack === undefined) return []
    const named = (cells.split('|').at(-1) ?? '').split('<br>').map((one) => one.trim())
    const tests = named.map(readTest)
    return [
      {
        line: index + 1,
        attack: Number(attack),
        tests: tests.filter((one) => one !== undefined),
        stray: named.filter((_, place) => tests[place] === undefined),
      },
    ]
  })
}

function readTest(text: string): AttackTest | undefined {
  const [, title, path] = /^(C\d+: .+) \(\[[^\]]+\]\(([^)]+)\)\)$/.exec(text) ?? []
  return title === undefined || path === undefined ? undefined : { title, path }
}

export function checkAttacks(rows: readonly AttackRow[], tests: readonly AttackTest[]): Finding[] {
  const known = new Set(rows.map(({ attack }) => attack))
  const missing = Array.from({ length: classesMax }, (_, index) => index + 1)
    .filter((attack) => !known.has(attack))
    .map((attack) => say(1, `C${attack} has no row`))
  const existing = new Set(tests.map(({ path, title }) => `${path} ${title}`))
  return [...missing, ...rows.flatMap((row) => checkRow(row, existing))]
}

function checkRow({ line, attack, tests, stray }: AttackRow, existing: ReadonlySet<string>) {
  const own = tests.filter(({ title }) => title.startsWith(`C${attack}: `))
  return [
    ...stray.map((text) =>
      say(line, `'${text}' is not written as 'C${attack}: title ([file](path))'`),
    ),
    ...(own.length === 0 ? [say(line, `C${attack} has no test: title one 'C${attack}: …'`)] : []),
    ...tests
      .filter(({ path, title }) => !existing.has(`${path} ${title}`))
      .map(({ path, title }) => say(line, `${path} has no test '${title}'`)),
  ]
}

function say(line: number, message: string): Finding {
  return { path: securityPath, line, message }
}

if (import.meta.main) {
  report('attacks', checkAttacks(readTable(readText(securityPath)), findAttackTests(readSources())))
}
