/* The house rules of docs/style.md that a script can check. Each message says what to do instead. */
import { posix } from 'node:path'
import { type Finding, isTest, matchesIn, parseSource, type Source } from './source.ts'
import { listFiles, readText, report } from './tree.ts'

export type TextFile = { readonly path: string; readonly text: string }

const linesMax = 400
const testLinesMax = 600
const doorHeaderLinesMax = 15

/** Files that may be longer, each with its reason. */
const longFiles: ReadonlyMap<string, string> = new Map([
  ['tools/rules-table.ts', 'a table of 39 rules, read from top to bottom'],
])

const emptyNames = /^(?:utils?|helpers?|common|manager|misc)$/
// Written in two parts, so that this line is not its own finding.
const unfinished = new RegExp(`\\b(?:${'TO'}DO|${'FIX'}ME)\\b`)
const machinePath = /(?<![\w./:-])\/(?:work|tmp|root|home|Users)\/[\w.-]+/
const skipped = /\.(?:skip|only|todo|skipIf|runIf)\s*[(.`]/

/** `others` cannot be read as text, such as pictures: what matters of them is that they are there. */
export function checkTidy(files: readonly TextFile[], others: readonly string[] = []): Finding[] {
  const paths = new Set([...files.map((file) => file.path), ...others])
  const markdown = files.filter((file) => file.path.endsWith('.md'))
  const sources = files
    .filter((file) => /\.tsx?$/.test(file.path))
    .map((file) => parseSource(file.path, file.text))
  return [
    ...files.flatMap((file) => [...checkName(file), ...checkWords(file)]),
    ...sources.flatMap((source) => [
      ...checkLength(source),
      ...checkNothingSkipped(source),
      ...checkDoor(source),
    ]),
    ...markdown.flatMap((file) => [...checkHeadings(file), ...checkLinks(file, paths, markdown)]),
  ]
}

function checkName({ path }: TextFile): Finding[] {
  const named = path.split('/').find((part) => emptyNames.test(part.replace(/\..*$/, '')))
  if (!named) return []
  return [at(path, 1, `'${named}' says nothing: name it after the noun or step that it holds`)]
}

function checkWords({ path, text }: TextFile): Finding[] {
  return [
    ...matchesIn(text, unfinished).map((hit) =>
      at(path, hit.line, `${hit.text}: finish it, or write an issue and cite its number`),
    ),
    ...matchesIn(text, machinePath).map((hit) =>
      at(
        path,
        hit.line,
        `${hit.text} exists on one machine only: say it relative to the repository`,
      ),
    ),
  ]
}

function checkLength({ path, text }: Source): Finding[] {
  const lines = text.trimEnd().split('\n').length
  const max = isTest(path) ? testLinesMax : linesMax
  if (lines <= max || longFiles.has(path)) return []
  return [at(path, max, `${lines} lines: split it by noun or step (about 200, at most ${max})`)]
}

function checkNothingSkipped({ path, code }: Source): Finding[] {
  if (!isTest(path)) return []
  return matchesIn(code, skipped).map(({ line, text }) =>
    at(path, line, `'${text}': nothing is skipped; install what is missing, or delete the test`),
  )
}

function checkDoor({ path, text, code }: Source): Finding[] {
  if (!/^packages\/[^/]+\/src\/(?:[^/]+\/)?index\.ts$/.test(path)) return []
  const header = /^(?:\/\*[\s\S]*?\*\/|(?:\/\/[^\n]*\n)+)/.exec(text)?.[0]
  const findings: Finding[] = []
  if (!header) {
    findings.push(at(path, 1, 'a door says what its room owns, what it may import, where to start'))
  } else if (header.trimEnd().split('\n').length > doorHeaderLinesMax) {
    findings.push(at(path, 1, `a door's header has at most ${doorHeaderLinesMax} lines`))
  }
  const stars = matchesIn(code, /\bexport\s+(?:type\s+)?\*/)
  return [
    ...findings,
    ...stars.map(({ line }) => at(path, line, 'name each thing that is exported')),
  ]
}

function checkHeadings({ path, text }: TextFile): Finding[] {
  const titles = headingsOf(text).filter((heading) => heading.level === 1).length
  return titles === 1 ? [] : [at(path, 1, `${titles} headings of level 1: a document has one`)]
}

function checkLinks(
  { path, text }: TextFile,
  paths: ReadonlySet<string>,
  markdown: readonly TextFile[],
): Finding[] {
  const links = matchesIn(withoutCode(text), /(?<=\]\()[^()\s]+|(?<=\b(?:src|href)=")[^"]+/)
  return links.flatMap(({ line, text: target }) => {
    if (/^(?:[a-z][a-z+.-]*:|\/\/)/i.test(target)) return []
    const [file = '', anchor] = target.split('#')
    const to = file === '' ? path : posix.join(posix.dirname(path), decodeURI(file))
    if (!exists(to, paths)) return [at(path, line, `the link to ${target} leads nowhere`)]
    const page = markdown.find((one) => one.path === to)
    const missing = anchor && page && !headingsOf(page.text).some((h) => h.slug === anchor)
    return missing ? [at(path, line, `${to} has no heading #${anchor}`)] : []
  })
}

function exists(path: string, paths: ReadonlySet<string>): boolean {
  const folder = `${path.replace(/\/$/, '')}/`
  return path === '.' || paths.has(path) || [...paths].some((one) => one.startsWith(folder))
}

type Heading = { readonly level: number; readonly slug: string }

function headingsOf(text: string): Heading[] {
  const lines = blankFences(text).split('\n')
  return lines.flatMap((line) => {
    const [, marks = '', words = ''] = /^(#{1,6})\s+(.*)$/.exec(line) ?? []
    return marks === '' ? [] : [{ level: marks.length, slug: slugOf(words) }]
  })
}

// As GitHub makes them: lower case, punctuation dropped, spaces to hyphens.
function slugOf(words: string): string {
  return words
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')
}

function withoutCode(text: string): string {
  return blankFences(text).replace(/`[^`\n]*`/g, (span) => ' '.repeat(span.length))
}

function blankFences(text: string): string {
  return text.replace(/^ *(```|~~~)[\s\S]*?^ *\1/gm, (fence) => fence.replace(/[^\n]/g, ' '))
}

function at(path: string, line: number, message: string): Finding {
  return { path, line, message }
}

if (import.meta.main) {
  const text = /\.(?:tsx?|js|md|json|ya?ml|sql|html|css|svg|sh|example)$|^\.ci\//
  const paths = listFiles()
  const readable = paths.filter((path) => text.test(path) && path !== 'package-lock.json')
  const files = readable.map((path) => ({ path, text: readText(path) }))
  report('tidy', checkTidy(files, paths))
}
