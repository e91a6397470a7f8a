import { LineCounter, parseDocument } from 'yaml'
import { Findings, formatPath, type Mistake, type Path } from './mistakes.ts'
import { maskReferences, replaceReferences, type Surroundings, unmask } from './substitute.ts'

export interface ParsedText {
  readonly value: unknown
  /** Where references could not be resolved. */
  readonly findings: Findings
  readonly lineOf: (path: Path) => number | null
  readonly originOf: (path: Path) => string | undefined
}

export type ParseResult =
  | { readonly kind: 'parsed'; readonly parsed: ParsedText }
  | { readonly kind: 'broken'; readonly mistakes: readonly Mistake[] }

/** Parses YAML, of which JSON is a part, and puts the values of `${…}` in. */
export function parseConfigText(source: string, surroundings: Surroundings): ParseResult {
  const masked = maskReferences(source.replace(/^\uFEFF/, ''))
  const lineCounter = new LineCounter()
  // Pretty errors quote the line, which may hold a secret.
  const document = parseDocument(masked.text, { lineCounter, prettyErrors: false })
  if (document.errors.length > 0) {
    const mistakes = document.errors.map(({ code, pos }) => {
      const { line, col } = lineCounter.linePos(pos[0])
      return syntaxMistake(code, line, col)
    })
    return { kind: 'broken', mistakes }
  }
  const lineOf = (path: Path) => {
    for (let length = path.length; length > 0; length -= 1) {
      const node: unknown = document.getIn(path.slice(0, length), true)
      const start = startOf(node)
      if (start !== undefined) return lineCounter.linePos(start).line
    }
    return null
  }
  const root = plainValue(document)
  if (root === undefined) return { kind: 'broken', mistakes: [unknownAlias] }
  const replaced = replaceAll(root.value, masked.references, surroundings)
  return { kind: 'parsed', parsed: { ...replaced, lineOf } }
}

/** An alias that names nothing, which an unquoted value with a `*` is, is found only here. */
function plainValue(document: ReturnType<typeof parseDocument>): { value: unknown } | undefined {
  try {
    return { value: document.toJS() }
  } catch {
    // Its message names the alias, which may be a secret.
    return undefined
  }
}

const unknownAlias: Mistake = {
  path: '',
  problem: 'a value begins with * and is read as an alias of YAML that names nothing',
  fix: 'Put the value in quotes.',
  line: null,
}

/** By the code alone: the parser's words may quote the text, and with it a secret. */
function syntaxMistake(code: string, line: number, column: number): Mistake {
  const what = code.toLowerCase().replaceAll('_', ' ')
  return {
    path: '',
    problem: `line ${line}, column ${column}: this is not YAML: ${what}`,
    fix: 'Mend the syntax there; a value that begins with * & ! | > @ % or a quote belongs in quotes.',
    line,
  }
}

function startOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node)) return undefined
  const range: unknown = node.range
  return Array.isArray(range) && typeof range[0] === 'number' ? range[0] : undefined
}

function replaceAll(
  root: unknown,
  references: readonly string[],
  surroundings: Surroundings,
): Omit<ParsedText, 'lineOf'> {
  const findings = new Findings()
  const origins = new Map<string, string>()
  const walk = (value: unknown, path: Path): unknown => {
    if (typeof value === 'string') return walkText(value, path)
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]))
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value).map(([key, member]) => {
      const name = unmask(key, references)
      return [name, walk(member, [...path, name])] as const
    })
    return Object.fromEntries(entries)
  }
  const walkText = (text: string, path: Path): string => {
    const result = replaceReferences(text, references, surroundings)
    if (result.kind === 'replaced') origins.set(formatPath(path), result.origin)
    if (result.kind !== 'failed') return result.text
    findings.add(path, result.problem, result.fix)
    // It stays as written, so that what depends on its being there is not reported as well.
    return unmask(text, references)
  }
  const value = walk(root, [])
  return { value, findings, originOf: (path) => origins.get(formatPath(path)) }
}
