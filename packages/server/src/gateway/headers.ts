import type { HeaderTemplates } from './settings.ts'
import {
  parseTemplate,
  render,
  type Template,
  TemplateSyntaxError,
  type TemplateValues,
} from './templates.ts'
import { withoutSpaces } from './white-space.ts'

/** A rule's headers, ready to be rendered. */
export interface CompiledHeaders {
  readonly list: readonly CompiledHeader[]
  /** What has to be fetched or minted before they can be rendered. */
  readonly needs: HeaderNeeds
}

interface CompiledHeader {
  readonly name: string
  readonly template: Template
  /** `Authorization` is left out instead of empty: an empty one breaks more than it says (rule 25). */
  readonly omitEmpty: boolean
}

export interface HeaderNeeds {
  readonly accessToken: boolean
  readonly providerTokens: boolean
  /** They differ from request to request; everything else is the session's. */
  readonly cookies: boolean
}

export class HeaderError extends Error {}

/** @throws HeaderError naming the header and the position of the mistake */
export function compileHeaders(templates: HeaderTemplates): CompiledHeaders {
  const list = templates.map(compileHeader)
  const needed = new Set(list.flatMap(({ template }) => [...template.names]))
  return {
    list,
    needs: {
      accessToken: needed.has('accessToken'),
      providerTokens: needed.has('providerAccessToken') || needed.has('providerIdToken'),
      cookies: needed.has('cookies'),
    },
  }
}

function compileHeader({ name, template }: HeaderTemplates[number]): CompiledHeader {
  const lower = name.toLowerCase()
  if (!/^[a-z0-9!#$%&'*+.^`|~-]+$/.test(lower)) {
    throw new HeaderError(`${JSON.stringify(name)} is no header name that proxies keep apart`)
  }
  if (ownHeaders.has(lower)) {
    throw new HeaderError(`${name} is part of the answer to the proxy: use another name`)
  }
  try {
    return compiled(name, parseTemplate(template))
  } catch (error) {
    if (error instanceof TemplateSyntaxError) throw new HeaderError(`${name}: ${error.message}`)
    throw error
  }
}

function compiled(name: string, template: Template): CompiledHeader {
  const omitEmpty = name.toLowerCase() === 'authorization'
  if (omitEmpty && template.names.has('cookies')) {
    throw new HeaderError('Authorization cannot be made of cookies')
  }
  return { name, template, omitEmpty }
}

const ownHeaders: ReadonlySet<string> = new Set([
  ...['cache-control', 'connection', 'content-length', 'content-type', 'curfew-verdict', 'date'],
  ...['host', 'keep-alive', 'location', 'retry-after', 'set-cookie', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'www-authenticate'],
])

export interface RenderedHeaders {
  /** Names and values in turn, as `writeHead` takes them. */
  readonly flat: readonly string[]
  /** Names of headers of which a value could not be sent. */
  readonly dropped: readonly string[]
  /** The values in `flat` that hold cookies. */
  readonly slots: readonly CookieSlot[]
}

export interface CookieSlot {
  readonly at: number
  readonly template: Template
}

/** Every one of them, empty where there is no value (rule 25): what is not sent, a client could have sent. */
export function renderHeaders(headers: CompiledHeaders, values: TemplateValues): RenderedHeaders {
  const flat: string[] = []
  const dropped: string[] = []
  const slots: CookieSlot[] = []
  for (const { name, template, omitEmpty } of headers.list) {
    const rendered = render(template, values)
    if (rendered.dropped) dropped.push(name)
    const value = withoutSpaces(rendered.bytes)
    if (value === '' && omitEmpty) continue
    flat.push(name, value)
    if (template.names.has('cookies')) slots.push({ at: flat.length - 1, template })
  }
  return { flat, dropped, slots }
}

/** The same headers for another request of the same session: only the cookies are another's. */
export function withCookies(
  flat: readonly string[],
  slots: readonly CookieSlot[],
  values: TemplateValues,
): readonly string[] {
  const copy = [...flat]
  for (const { at, template } of slots) copy[at] = withoutSpaces(render(template, values).bytes)
  return copy
}

/**
 * Names that servers behind the proxy take for a configured one: CGI, WSGI and PHP turn every character
 * that is no letter or digit into `_` (attack class C5).
 */
export class HeaderAliases {
  readonly #names: ReadonlySet<string>
  readonly #lengths: ReadonlySet<number>

  constructor(configured: Iterable<string>) {
    this.#names = new Set([...configured].map((name) => fold(name.toLowerCase())))
    this.#lengths = new Set([...this.#names].map(({ length }) => length))
  }

  /** The first name in the raw list that is an alias of a configured header, but not the header. */
  find(rawHeaders: readonly string[]): string | undefined {
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const name = rawHeaders[index] ?? ''
      // An alias is as long as what it imitates: most names need no second look.
      if (!this.#lengths.has(name.length)) continue
      if (unusual.test(name) && this.#names.has(fold(name.toLowerCase()))) return name
    }
    return undefined
  }
}

const unusual = /[^A-Za-z0-9-]/

function fold(lower: string): string {
  return lower.replace(/[^a-z0-9]/g, '-')
}
