/*
 * docs/reference/rfc9700.md names a test for each rule of RFC 9700 that concerns an authorization server: this
 * fails when a row has none, or names one that is gone. A named test is written `title ([file](path))`.
 */
import { type Finding, isTest, type Source } from './source.ts'
import { readSources, readText, report } from './tree.ts'

const tablePath = 'docs/reference/rfc9700.md'
const fromTable = '../../'

export type NamedTest = { readonly title: string; readonly path: string }

/** One row: `| 2.1.1 | what it asks | how | tests |`; in the last cell tests, or `n/a: why`. */
export type Row = {
  readonly line: number
  readonly section: string
  readonly tests: readonly NamedTest[]
  readonly why: string | undefined
  readonly stray: readonly string[]
}

export function readRows(text: string): Row[] {
  return text.split('\n').flatMap((line, index) => {
    const cells = /^\| (\d+(?:\.\d+)*) \|(.*)\|$/.exec(line)
    if (cells === null) return []
    const [, section = '', rest = ''] = cells
    const last = (rest.split('|').at(-1) ?? '').trim()
    const why = /^n\/a: (.+)$/.exec(last)?.[1]
    const named = why === undefined ? last.split('<br>').map((one) => one.trim()) : []
    const tests = named.map(readNamed)
    return [
      {
        ...{ line: index + 1, section, why },
        tests: tests.filter((one) => one !== undefined),
        stray: named.filter((_, place) => tests[place] === undefined),
      },
    ]
  })
}

function readNamed(text: string): NamedTest | undefined {
  const [, title, path] = /^(.+) \(\[[^\]]+\]\(([^)]+)\)\)$/.exec(text) ?? []
  if (title === undefined || path === undefined || !path.startsWith(fromTable)) return undefined
  return { title, path: path.slice(fromTable.length) }
}

export function checkRows(rows: readonly Row[], sources: readonly Source[]): Finding[] {
  if (rows.length === 0) return [say(1, 'the table has no rows')]
  const existing = titlesOf(sources)
  return rows.flatMap(({ line, section, tests, why, stray }) => [
    ...stray.map((text) => say(line, `'${text}' is not written as 'title ([file](path))'`)),
    ...(tests.length === 0 && why === undefined ? [say(line, `${section} has no test`)] : []),
    ...tests
      .filter(({ path, title }) => !existing.has(`${path} ${title}`))
      .map(({ path, title }) => say(line, `${path} has no test '${title}'`)),
  ])
}

/** The first arguments of calls in tests. */
function titlesOf(sources: readonly Source[]): ReadonlySet<string> {
  return new Set(
    sources
      .filter(({ path }) => isTest(path))
      .flatMap(({ path, literals }) =>
        literals
          .filter(({ before }) => /\(\s*['"`]$/.test(before))
          .map(({ text }) => `${path} ${text}`),
      ),
  )
}

function say(line: number, message: string): Finding {
  return { path: tablePath, line, message }
}

if (import.meta.main) {
  report('rfc9700', checkRows(readRows(readText(tablePath)), readSources()))
}
