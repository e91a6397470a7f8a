/** One step of a path pattern. `any` is `**`; `one` is `*`; `like` is a segment with a star inside. */
export type Step =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'one' }
  | { readonly kind: 'like'; readonly expression: RegExp }
  | { readonly kind: 'any' }

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
      return step.expression.test(segment)
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
  const escaped = segment.split(/\*+/).map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return { kind: 'like', expression: new RegExp(`^${escaped.join('[^/]*')}$`, 'su') }
}
