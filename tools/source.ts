/*
 * A reader of TypeScript that is just good enough for house rules: it tells code from comments and
 * strings, so that a rule never trips over prose. Not a parser; types and lint belong to tsc and Biome.
 */

export type Literal = { readonly text: string; readonly line: number; readonly before: string }

export type Source = {
  readonly path: string
  readonly text: string
  /** The same text with comments and the insides of strings blanked; lines stay where they are. */
  readonly code: string
  readonly literals: readonly Literal[]
}

export type Import = { readonly specifier: string; readonly line: number }

export type Finding = { readonly path: string; readonly line: number; readonly message: string }

type Piece = { readonly kind: 'code' | 'blank' | 'literal'; readonly start: number; end: number }

const beforeRegex =
  /(?:^|[=(,:;!&|?{}[+\-*%<>~^]|\b(?:return|typeof|case|in|of|do|else|yield|await))$/
const stringEnd: Readonly<Record<string, RegExp>> = {
  "'": /(?:[^'\\\n]|\\[\s\S])*/y,
  '"': /(?:[^"\\\n]|\\[\s\S])*/y,
}
const regexBody = /\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y
const templateChunk = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/y

export function parseSource(path: string, text: string): Source {
  const pieces = splitPieces(text)
  let code = ''
  const literals: Literal[] = []
  for (const piece of pieces) {
    const raw = text.slice(piece.start, piece.end)
    if (piece.kind === 'literal') {
      literals.push({ text: raw, line: lineAt(text, piece.start), before: code.slice(-200) })
    }
    code += piece.kind === 'code' ? raw : raw.replace(/[^\n]/g, ' ')
  }
  return { path, text, code, literals }
}

export function importsOf(source: Source): Import[] {
  const found: Import[] = []
  for (const literal of source.literals) {
    if (/(?:\bfrom|\bimport|\b(?:import|require)\s*\()\s*['"`]$/.test(literal.before)) {
      found.push({ specifier: literal.text, line: literal.line })
    }
  }
  return found
}

export function matchesIn(text: string, pattern: RegExp): { line: number; text: string }[] {
  const all = new RegExp(pattern.source, `${pattern.flags.replace('g', '')}g`)
  return [...text.matchAll(all)].map((hit) => ({ line: lineAt(text, hit.index), text: hit[0] }))
}

export function describeFinding(finding: Finding): string {
  return `${finding.path}:${finding.line}: ${finding.message}`
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || /^packages\/[^/]+\/test\//.test(path)
}

function lineAt(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1))
    line++
  return line
}

type Step = { readonly kind: Piece['kind']; readonly end: number }

/** `inside`: the quote whose literal comes next. `closing`: the quote whose literal just ended. */
type Scan = { inside: string | undefined; closing: string | undefined; readonly open: number[] }

// Templates nest: `open` holds, for each template around us, how many braces are open in its ${ }.
function splitPieces(text: string): Piece[] {
  const pieces: Piece[] = []
  const scan: Scan = { inside: undefined, closing: undefined, open: [] }
  let at = 0
  while (at < text.length) {
    const { kind, end } = nextStep(text, at, scan, pieces)
    const last = pieces.at(-1)
    if (last?.kind === 'code' && kind === 'code') last.end = end
    else pieces.push({ kind, start: at, end })
    at = end
  }
  return pieces
}

function nextStep(text: string, at: number, scan: Scan, pieces: readonly Piece[]): Step {
  if (scan.inside) return literalStep(text, at, scan, scan.inside)
  if (scan.closing) return closingStep(text, at, scan, scan.closing)
  return blankStep(text, at, pieces) ?? codeStep(text, at, scan)
}

function literalStep(text: string, at: number, scan: Scan, quote: string): Step {
  scan.inside = undefined
  scan.closing = quote
  return { kind: 'literal', end: matchEnd(stringEnd[quote] ?? templateChunk, text, at) }
}

function closingStep(text: string, at: number, scan: Scan, quote: string): Step {
  scan.closing = undefined
  if (quote !== '`' || text[at] !== '$') return { kind: 'code', end: at + 1 }
  scan.open.push(0)
  return { kind: 'code', end: at + 2 }
}

function blankStep(text: string, at: number, pieces: readonly Piece[]): Step | undefined {
  if (text[at] !== '/') return undefined
  if (text[at + 1] === '/') return { kind: 'blank', end: endOf(text, '\n', at, 0) }
  if (text[at + 1] === '*') return { kind: 'blank', end: endOf(text, '*/', at + 2, 2) }
  const end = startsRegex(text, pieces) ? matchEnd(regexBody, text, at) : at
  return end > at ? { kind: 'blank', end } : undefined
}

function codeStep(text: string, at: number, scan: Scan): Step {
  const char = text.charAt(at)
  const depth = scan.open.at(-1)
  if (char === "'" || char === '"' || char === '`') scan.inside = char
  else if (char === '}' && depth === 0) {
    scan.open.pop()
    scan.inside = '`'
  } else if (depth !== undefined && char === '{') scan.open[scan.open.length - 1] = depth + 1
  else if (depth !== undefined && char === '}') scan.open[scan.open.length - 1] = depth - 1
  return { kind: 'code', end: at + 1 }
}

function startsRegex(text: string, pieces: readonly Piece[]): boolean {
  const last = pieces.findLast((piece) => piece.kind !== 'blank')
  const before = last ? text.slice(Math.max(last.start, last.end - 40), last.end).trimEnd() : ''
  return beforeRegex.test(before)
}

function matchEnd(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) ? pattern.lastIndex : at
}

function endOf(text: string, mark: string, from: number, width: number): number {
  const found = text.indexOf(mark, from)
  return found === -1 ? text.length : found + width
}
