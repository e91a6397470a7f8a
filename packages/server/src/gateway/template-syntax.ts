/** What a placeholder may name. Provider names are spelled `provider.accessToken`, `provider.idToken`. */
export type Name =
  | {
      readonly kind:
        | 'uid'
        | 'sid'
        | 'device'
        | 'roles'
        | 'accessToken'
        | 'providerAccessToken'
        | 'providerIdToken'
        | 'cookies'
    }
  | { readonly kind: 'claim'; readonly claim: string }

export type Filter =
  | { readonly kind: 'default'; readonly text: string }
  | { readonly kind: 'json' }
  | { readonly kind: 'join'; readonly separator: string }
  | { readonly kind: 'urlencode' }

/** A mistake in a template. `position` counts characters from 0. */
export class TemplateSyntaxError extends Error {
  readonly position: number

  constructor(problem: string, position: number) {
    super(`${problem}, at character ${position + 1}`)
    this.position = position
  }
}

export interface Placeholder {
  readonly name: Name
  readonly filters: readonly Filter[]
  /** Behind its `}}`. */
  readonly end: number
}

const names: ReadonlyMap<string, Name> = new Map<string, Name>([
  ['uid', { kind: 'uid' }],
  ['sid', { kind: 'sid' }],
  ['device', { kind: 'device' }],
  ['roles', { kind: 'roles' }],
  ['accessToken', { kind: 'accessToken' }],
  ['provider.accessToken', { kind: 'providerAccessToken' }],
  ['provider.idToken', { kind: 'providerIdToken' }],
  ['cookies', { kind: 'cookies' }],
])
const known = [...names.keys(), 'claims.NAME'].join(', ')

/** Text outside of placeholders. @throws TemplateSyntaxError */
export function checkLiteral(literal: string, text: string, at: number): string {
  const close = literal.indexOf('}}')
  if (close >= 0) throw new TemplateSyntaxError('}} closes nothing', at + close)
  const control = literal.search(/\p{Cc}/u)
  if (control < 0) return literal
  throw new TemplateSyntaxError(`a control character in ${JSON.stringify(text)}`, at + control)
}

/** `open` is where its `{{` stands. @throws TemplateSyntaxError */
export function parsePlaceholder(text: string, open: number): Placeholder {
  const reader = new Reader(text, open + 2)
  const name = readName(reader, open)
  const filters: Filter[] = []
  for (;;) {
    reader.skipSpace()
    if (reader.take('}}')) return { name, filters, end: reader.at }
    if (reader.done) throw new TemplateSyntaxError('{{ is never closed by }}', open)
    if (!reader.take('|')) throw new TemplateSyntaxError('expected | or }}', reader.at)
    filters.push(readFilter(reader))
  }
}

function readName(reader: Reader, open: number): Name {
  reader.skipSpace()
  const at = reader.at
  const word = reader.match(/[^\s|}]+/y)
  if (word === '')
    throw new TemplateSyntaxError(`expected a name: one of ${known}`, reader.done ? open : at)
  const name = names.get(word)
  if (name !== undefined) return name
  const claim = /^claims\.(.+)$/.exec(word)?.[1]
  if (claim !== undefined) return { kind: 'claim', claim }
  throw new TemplateSyntaxError(`there is no value called ${word}: use one of ${known}`, at)
}

/** `default("none")`, `default: "none"`, `default: none`, `default "none"` and bare `join` are all understood. */
function readFilter(reader: Reader): Filter {
  reader.skipSpace()
  const at = reader.at
  const word = reader.match(/[A-Za-z]+/y)
  const argument = readArgument(reader)
  switch (word) {
    case 'default':
      return { kind: 'default', text: argument ?? '' }
    case 'join':
      return { kind: 'join', separator: argument ?? ',' }
    case 'json':
    case 'urlencode':
      if (argument === undefined) return { kind: word }
      throw new TemplateSyntaxError(`${word} takes no argument`, at)
    default: {
      const problem = word === '' ? 'expected a filter' : `there is no filter called ${word}`
      throw new TemplateSyntaxError(`${problem}: use default, json, join or urlencode`, at)
    }
  }
}

function readArgument(reader: Reader): string | undefined {
  reader.skipSpace()
  if (reader.take('(')) {
    const at = reader.at - 1
    const text = readText(reader, /[^\s|}"'()]*/y)
    reader.skipSpace()
    if (!reader.take(')')) throw new TemplateSyntaxError('( is never closed', at)
    return text
  }
  const follows = reader.take(':') || reader.quoted
  return follows ? readText(reader, /[^\s|}"'()]*/y) : undefined
}

function readText(reader: Reader, bare: RegExp): string {
  reader.skipSpace()
  const at = reader.at
  for (const quote of ['"', "'"]) {
    if (!reader.take(quote)) continue
    const text = reader.until(quote)
    if (text === undefined) throw new TemplateSyntaxError('the quotation mark is never closed', at)
    return text
  }
  return reader.match(bare)
}

class Reader {
  readonly #text: string
  at: number

  constructor(text: string, at: number) {
    this.#text = text
    this.at = at
  }

  get done(): boolean {
    return this.at >= this.#text.length
  }

  get quoted(): boolean {
    return this.#text.startsWith('"', this.at) || this.#text.startsWith("'", this.at)
  }

  skipSpace(): void {
    this.match(/\s*/y)
  }

  take(expected: string): boolean {
    if (!this.#text.startsWith(expected, this.at)) return false
    this.at += expected.length
    return true
  }

  /** `expression` is sticky. */
  match(expression: RegExp): string {
    expression.lastIndex = this.at
    const found = expression.exec(this.#text)?.[0] ?? ''
    this.at += found.length
    return found
  }

  until(end: string): string | undefined {
    const at = this.#text.indexOf(end, this.at)
    if (at < 0) return undefined
    const found = this.#text.slice(this.at, at)
    this.at = at + end.length
    return found
  }
}
