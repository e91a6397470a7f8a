/** One step of a path pattern. `any` is `**`; `one` is `*`; `like` is a segment with a star inside. */
export type Step =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'one' }
  | Like
  | { readonly kind: 'any' }

/** `a*b*c` is `a`, `b` and `c`, with anything between them. */
interface Like {
  readonly kind: 'like'
  readonly parts: readonly string[]
}

export class PatternError extends Error {}

/**
 * Patterns are compared with the decoded path, so one that holds what no canonical path holds would
 * protect nothing.
 *
 * @throws PatternError
 */
export function compilePattern(pattern: string): readonly Step[] {
  const fault = patternFault(pattern)
  if (fault !== undefined) throw new PatternError(`the path ${JSON.stringify(pattern)} ${fault}`)
  return segmentsOf(pattern).map(stepOf)
}

/** `/a/b/` is `a`, `b` and an empty one, so that it differs from `/a/b`. */
export function segmentsOf(path: string): readonly string[] {
  return path.slice(1).split('/')
}

/** One segment against one step. `*` is a segment, so it is not the nothing behind a last slash. */
export function stepMatches(step: Exclude<Step, { kind: 'any' }>, segment: string): boolean {
  switch (step.kind) {
    case 'literal':
      return step.text === segment
    case 'one':
      return segment !== ''
    case 'like':
      return isLike(step, segment)
    default:
      return step satisfies never
  }
}

function patternFault(pattern: string): string | undefined {
  if (!pattern.startsWith('/')) return 'must begin with /'
  if (pattern.includes('//')) return 'has an empty segment, and such requests match no path'
  if (/\/\.{1,2}(?:\/|$)/.test(pattern)) return 'has a dot segment, and such requests match no path'
  if (/%[0-9A-Fa-f]{2}/.test(pattern)) return 'is compared with decoded paths: write it decoded'
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\\;?#\u0000-\u001f\u007f-\u009f]/.test(pattern)) {
    return 'has a character that no path has here (\\ ; ? # or a control character)'
  }
  return undefined
}

function stepOf(segment: string): Step {
  if (segment === '**') return { kind: 'any' }
  if (segment === '*') return { kind: 'one' }
  if (!segment.includes('*')) return { kind: 'literal', text: segment }
  return { kind: 'like', parts: segment.split(/\*+/) }
}

/**
 * By hand, each part at its first place: a regular expression goes back and tries all the others, and with
 * three stars one path of 15 KB keeps it busy for half an hour (attack class C15).
 */
function isLike({ parts }: Like, segment: string): boolean {
  const [head = '', tail = ''] = [parts[0], parts.at(-1)]
  const end = segment.length - tail.length
  if (end < head.length || !segment.startsWith(head) || !segment.endsWith(tail)) return false
  let at = head.length
  for (const part of parts.slice(1, -1)) {
    const found = segment.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}
