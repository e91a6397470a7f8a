/*
 * docs/reference/scenarios.md from the table of scenarios and the tests that name them. Run it to write
 * the page; with --check it fails when the page is stale, or a scenario is neither tested nor excused.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { excused, open, remarks } from './scenarios-excused.ts'
import { type Chapter, chapters } from './scenarios-table.ts'
import { type Finding, isTest, type Source } from './source.ts'
import { listFiles, readSources, readText, report, repositoryRoot } from './tree.ts'

export const scenariosPath = 'docs/reference/scenarios.md'
const tablePath = 'tools/scenarios-table.ts'

export type ScenarioTest = {
  readonly id: string
  /** What the title says beside the ids. */
  readonly title: string
  readonly path: string
  readonly line: number
}

export type ScenarioTables = {
  readonly chapters: readonly Chapter[]
  readonly excused: Readonly<Record<string, string>>
  readonly remarks: Readonly<Record<string, string>>
  readonly open: Readonly<Record<string, string>>
}

const tables: ScenarioTables = { chapters, excused, remarks, open }
const named = /\bscenarios? ([A-Z]\d+(?:, [A-Z]\d+)*)\b(?:: )?/

/** Titles: the first argument of a call, and the first cell of a row of `test.each`. */
export function findScenarioTests(sources: readonly Source[]): ScenarioTest[] {
  return sources
    .filter(({ path }) => isTest(path) && !path.startsWith('tools/'))
    .flatMap(({ path, literals }) =>
      literals.flatMap(({ text, line, before }) => {
        const ids = named.exec(text)?.[1]?.split(', ') ?? []
        if (!/[([]\s*['"`]$/.test(before)) return []
        return ids.map((id) => ({ id, title: text.replace(named, ''), path, line }))
      }),
    )
}

export function checkScenarios(from: ScenarioTables, tests: readonly ScenarioTest[]): Finding[] {
  const known = new Set(from.chapters.flatMap((chapter) => Object.keys(chapter.scenarios)))
  const unknown = tests
    .filter(({ id }) => !known.has(id))
    .map(({ id, path, line }) => ({ path, line, message: `there is no scenario ${id}` }))
  const lists = [from.excused, from.remarks, from.open].flatMap((list) => Object.keys(list))
  const strays = lists
    .filter((id) => !known.has(id))
    .map((id) => say(`no scenario is called ${id}`))
  const tested = new Set(tests.map(({ id }) => id))
  const untold = [...known].flatMap((id) => judge(id, tested.has(id), from))
  return [...unknown, ...strays, ...untold]
}

function judge(id: string, tested: boolean, from: ScenarioTables): Finding[] {
  const isExcused = Object.hasOwn(from.excused, id)
  const isOpen = Object.hasOwn(from.open, id)
  if (tested && isExcused) return [say(`scenario ${id} is excused, and has a test`)]
  if (tested && isOpen) return [say(`scenario ${id} is said to be open, and has a test`)]
  if (isExcused && isOpen) return [say(`scenario ${id} is excused, and said to be open`)]
  if (tested || isExcused || isOpen) return []
  return [say(`scenario ${id} has no test (title one 'scenario ${id}: …') and is not excused`)]
}

function say(message: string): Finding {
  return { path: tablePath, line: 1, message }
}

export function scenariosDocument(from: ScenarioTables, tests: readonly ScenarioTest[]): string {
  const sections = from.chapters.flatMap(({ name, scenarios }) => [
    `## ${name}`,
    '',
    '| scenario | what holds | tests, or why it is not ours |',
    '| --- | --- | --- |',
    ...Object.entries(scenarios).map(([id, what]) => row(id, what, from, tests)),
    '',
  ])
  return [
    '# Scenarios',
    '',
    '<!-- Written by `npm run docs` from tools/scenarios-table.ts and the titles of the tests. -->',
    '',
    'What a visitor, an application and an operator may count on from sign-in to sign-out. The list comes',
    'from a review of comparable gateways and their trackers. A test says in its title which it shows:',
    '`scenario L01`.',
    '',
    ...sections,
  ].join('\n')
}

function row(
  id: string,
  what: string,
  from: ScenarioTables,
  tests: readonly ScenarioTest[],
): string {
  const own = tests.filter((one) => one.id === id)
  const listed = own.map((one) => `${link(one.path)}: ${escapeCell(cutShort(one.title))}`)
  const waits = from.open[id] === undefined ? [] : [`no test yet: ${from.open[id]}`]
  const said = [from.remarks[id], from.excused[id]].filter((one) => one !== undefined)
  const cells = [`**${id}**`, escapeCell(what), [...said, ...listed, ...waits].join('<br>')]
  return `| ${cells.join(' | ')} |`
}

function link(path: string): string {
  const name = path.replace(/^packages\/server\//, '').replace(/^packages\//, '')
  return `[${name}](../../${path})`
}

/** A template literal is known up to its first value. */
function cutShort(title: string): string {
  return title === '' || title.endsWith(' ') ? `${title}…` : title
}

function escapeCell(text: string): string {
  return text.replace(/[|<>[\]]/g, (char) => `\\${char}`)
}

/** The page as it should be now. */
export function currentScenariosDocument(): string {
  return scenariosDocument(tables, findScenarioTests(readSources()))
}

if (import.meta.main) {
  const tests = findScenarioTests(readSources())
  const wanted = scenariosDocument(tables, tests)
  if (!process.argv.includes('--check')) {
    writeFileSync(join(repositoryRoot, scenariosPath), wanted)
  }
  const fresh = new Set(listFiles()).has(scenariosPath) && readText(scenariosPath) === wanted
  const message = 'stale: run `npm run docs` and commit what it writes'
  const stale = fresh ? [] : [{ path: scenariosPath, line: 1, message }]
  report('scenarios', [...stale, ...checkScenarios(tables, tests)])
}
