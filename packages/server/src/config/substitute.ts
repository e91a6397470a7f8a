/*
 * `${NAME}`, `${NAME:-default}`, `${file:/path}`; `$${` is a plain `${`. The text is parsed first and
 * the values are put in afterwards, so that nothing in a variable can change the file's structure.
 * YAML would read the braces of `{ secret: ${NAME} }` as its own: before parsing, each reference
 * becomes a token of private-use characters of the same length, so that line and column stay true.
 */

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The file's text, or its bytes in base64. Throws as node:fs does. */
  readonly readFile: (path: string, as?: 'utf8' | 'base64') => string
}

export interface MaskedText {
  readonly text: string
  /** What stood for the tokens, in their order. */
  readonly references: readonly string[]
}

export type Replaced =
  | { readonly kind: 'plain'; readonly text: string }
  | { readonly kind: 'replaced'; readonly text: string; readonly origin: string }
  | { readonly kind: 'failed'; readonly problem: string; readonly fix: string }

const open = '\uE000'
const fill = '\uE001'
const close = '\uE002'
const escaped = '\uE003\uE003\uE003'
const firstNumber = 0xe100
const mostReferences = 0xf8ff - firstNumber
const reference = /\$\$\{|\$\{[^}\n]*\}/g
const token = /\uE000([\uE100-\uF8FF])\uE001*\uE002/g
const variable = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s

/** @throws RangeError when there are more references than there are tokens */
export function maskReferences(text: string): MaskedText {
  const references: string[] = []
  const masked = text.replace(reference, (found) => {
    if (found === '$${') return escaped
    if (references.length >= mostReferences) {
      throw new RangeError(`more than ${mostReferences} references`)
    }
    references.push(found)
    const number = String.fromCharCode(firstNumber + references.length - 1)
    return open + number + fill.repeat(found.length - 3) + close
  })
  return { text: masked, references }
}

/** The text as it was written, for keys and messages. */
export function unmask(text: string, references: readonly string[]): string {
  const restored = text.replace(token, (_, number: string) => written(number, references))
  return restored.replaceAll(escaped, '$${')
}

/** Puts the values in; the first reference that has none is the failure. */
export function replaceReferences(
  text: string,
  references: readonly string[],
  surroundings: Surroundings,
): Replaced {
  const found = [...text.matchAll(token)].map(([, number]) => written(number ?? '', references))
  for (const each of found) {
    const value = resolve(each, surroundings)
    if (value.kind === 'failed') return value
  }
  const unclosed = text.replace(token, '').includes('${')
  if (unclosed) {
    return failed('${ has no closing brace', 'Close it, or write $${ for a plain ${.')
  }
  const replaced = text
    .replace(token, (_, number: string) =>
      textOf(resolve(written(number, references), surroundings)),
    )
    .replaceAll(escaped, '${')
  if (found.length === 0) return { kind: 'plain', text: replaced }
  return { kind: 'replaced', text: replaced, origin: found.map(nameOnly).join(' ') }
}

function resolve(found: string, surroundings: Surroundings): Replaced {
  const inner = found.slice(2, -1)
  // The first brace has closed both: what follows would be text, and `${B` the value.
  if (inner.includes('${')) {
    return failed('a reference stands within another', 'Write one of them alone.')
  }
  if (inner.startsWith('file:')) return resolveFile(inner.slice('file:'.length), surroundings)
  const match = variable.exec(inner)
  const name = match?.[1]
  if (name === undefined) {
    return failed(
      `${beginningOf(found)} is not a reference`,
      `Write \${NAME}, \${NAME:-default} or \${file:/path}.`,
    )
  }
  const value = surroundings.env[name]
  // As in a shell, ":-" also replaces an empty value.
  if (value !== undefined && (value !== '' || match?.[2] === undefined)) return plain(value)
  if (match?.[2] !== undefined) return plain(match[2])
  const fix = `Set ${name}, or write \${${name}:-default}.`
  return failed(`the environment variable ${name} is not set`, fix)
}

function resolveFile(path: string, { readFile }: Surroundings): Replaced {
  try {
    // Files of secrets end in a newline more often than not.
    return plain(readFile(path).replace(/\r?\n$/, ''))
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    return failed(`the file ${path} cannot be read${why}`, 'Create it, or mend its path or rights.')
  }
}

/** A default may be a secret as well, so messages name the variable alone. */
function nameOnly(found: string): string {
  return found.replace(/:-.*\}$/s, '}')
}

/** What follows the name may be a secret here, too. */
function beginningOf(found: string): string {
  return found.replace(/^(\$\{[A-Za-z0-9_]*).*\}$/s, '$1…}')
}

function written(number: string, references: readonly string[]): string {
  return references[number.charCodeAt(0) - firstNumber] ?? ''
}

function textOf(value: Replaced): string {
  return value.kind === 'failed' ? '' : value.text
}

function plain(text: string): Replaced {
  return { kind: 'plain', text }
}

function failed(problem: string, fix: string): Replaced {
  return { kind: 'failed', problem, fix }
}
