/*
 * `{{ name | filter }}` of API.md, section 2, "Templates". Parsed once, when the configuration is read;
 * rendered on the request path without a parser. A template never fails to render: what it cannot say
 * safely is empty as a whole.
 */
import type { Claims, Json } from '#domain'
import { claimOf } from './claims.ts'
import { checkLiteral, type Filter, type Name, parsePlaceholder } from './template-syntax.ts'

export { TemplateSyntaxError } from './template-syntax.ts'

export interface Template {
  readonly parts: readonly Part[]
  readonly names: ReadonlySet<Name['kind']>
}

export type Part =
  | { readonly kind: 'text'; readonly bytes: string }
  | { readonly kind: 'value'; readonly name: Name; readonly filters: readonly Filter[] }

/** What templates may say. Null or an absent claim: missing. */
export interface TemplateValues {
  readonly uid: string | null
  readonly sid: string | null
  readonly device: string | null
  readonly roles: readonly string[] | null
  readonly claims: Claims | null
  readonly accessToken: string | null
  readonly providerAccessToken: string | null
  readonly providerIdToken: string | null
  /** The Cookie header without Curfew's, as node:http reads it: a character is a byte. */
  readonly cookies: string | null
}

export const noValues: TemplateValues = {
  uid: null,
  sid: null,
  device: null,
  roles: null,
  claims: null,
  accessToken: null,
  providerAccessToken: null,
  providerIdToken: null,
  cookies: null,
}

export interface Rendered {
  /** UTF-8, a character for each byte, as node:http writes headers. */
  readonly bytes: string
  /** Something was there and could not be sent: control characters, too long, no text form. */
  readonly dropped: boolean
}

export const valueBytesMax = 4096
/** Cookies come from a header that the proxy has accepted already, so its limit is Node's. */
const cookieBytesMax = 16_384

/** @throws TemplateSyntaxError with the position of the mistake */
export function parseTemplate(text: string): Template {
  const parts: Part[] = []
  const names = new Set<Name['kind']>()
  let at = 0
  while (at < text.length) {
    const open = text.indexOf('{{', at)
    const literal = text.slice(at, open < 0 ? text.length : open)
    if (literal !== '') parts.push({ kind: 'text', bytes: literalBytes(literal, text, at) })
    if (open < 0) break
    const { name, filters, end } = parsePlaceholder(text, open)
    names.add(name.kind)
    parts.push({ kind: 'value', name, filters })
    at = end
  }
  return { parts, names }
}

export function render(template: Template, values: TemplateValues): Rendered {
  let bytes = ''
  let dropped = false
  for (const part of template.parts) {
    if (part.kind === 'text') {
      bytes += part.bytes
      continue
    }
    const value = evaluate(part.name, part.filters, values)
    if (value.kind === 'unsayable') dropped = true
    if (value.kind !== 'bytes') return { bytes: '', dropped }
    bytes += value.bytes
    if (value.skipped) dropped = true
  }
  const max = template.names.has('cookies') ? cookieBytesMax : valueBytesMax
  return bytes.length > max ? nothing : { bytes, dropped }
}

const nothing: Rendered = { bytes: '', dropped: true }

type Evaluated =
  | { readonly kind: 'bytes'; readonly bytes: string; readonly skipped: boolean }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unsayable' }

function evaluate(name: Name, filters: readonly Filter[], values: TemplateValues): Evaluated {
  // Cookies pass byte for byte; as text they would be encoded a second time.
  if (name.kind === 'cookies' && filters.length === 0) {
    const { cookies } = values
    if (cookies === null || cookies === '') return { kind: 'missing' }
    return controls.test(cookies)
      ? { kind: 'unsayable' }
      : { kind: 'bytes', bytes: cookies, skipped: false }
  }
  let value: Json | undefined = lookUp(name, values)
  let skipped = false
  for (const filter of filters) {
    const result = apply(filter, value)
    value = result.value
    skipped ||= result.skipped
  }
  return said(value, skipped)
}

function said(value: Json | undefined, skipped: boolean): Evaluated {
  const joined = asText(value, ',')
  const text = joined.value
  if (text === undefined) return isMissing(value) ? { kind: 'missing' } : { kind: 'unsayable' }
  if (text === '') return joined.skipped ? { kind: 'unsayable' } : { kind: 'missing' }
  if (unsendable.test(text)) return { kind: 'unsayable' }
  const bytes = toBytes(text)
  if (bytes.length > valueBytesMax) return { kind: 'unsayable' }
  return { kind: 'bytes', bytes, skipped: skipped || joined.skipped }
}

function lookUp(name: Name, values: TemplateValues): Json | undefined {
  switch (name.kind) {
    case 'claim':
      return values.claims === null ? undefined : claimOf(values.claims, name.claim)
    case 'cookies':
      return values.cookies === null ? undefined : Buffer.from(values.cookies, 'latin1').toString()
    default:
      return values[name.kind] ?? undefined
  }
}

interface Applied {
  readonly value: Json | undefined
  readonly skipped: boolean
}

function apply(filter: Filter, value: Json | undefined): Applied {
  switch (filter.kind) {
    case 'default':
      return { value: isMissing(value) ? filter.text : value, skipped: false }
    case 'json':
      return {
        value: value === undefined || value === null ? undefined : json(value),
        skipped: false,
      }
    case 'join':
      return Array.isArray(value) ? asText(value, filter.separator) : { value, skipped: false }
    case 'urlencode': {
      const text = asText(value, ',')
      return {
        value: text.value === undefined ? value : urlencode(text.value),
        skipped: text.skipped,
      }
    }
    default:
      return filter satisfies never
  }
}

function isMissing(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === '') return true
  return Array.isArray(value) && value.length === 0
}

/**
 * One text. A member of a list that holds the separator would read as two (a group named
 * `staff,admin`), so it is left out and counted: an application sees fewer, never more. `json` says all.
 */
function asText(
  value: Json | undefined,
  separator: string,
): { readonly value: string | undefined; readonly skipped: boolean } {
  if (typeof value === 'string') return { value, skipped: false }
  if (typeof value === 'number' || typeof value === 'boolean') {
    return { value: String(value), skipped: false }
  }
  if (!Array.isArray(value)) return { value: undefined, skipped: false }
  const all: readonly Json[] = value
  const texts = all.map((member) => (isScalar(member) ? String(member) : undefined))
  const kept = texts.filter((text) => text !== undefined && canStandInList(text, separator))
  return { value: kept.join(separator), skipped: kept.length < all.length }
}

function canStandInList(text: string, separator: string): boolean {
  return text !== '' && (separator === '' || !text.includes(separator))
}

function isScalar(value: Json): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

/** In ASCII alone: every proxy passes it on unchanged. */
function json(value: Json): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function urlencode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const controls = /[\u0000-\u001f\u007f]/
/** Also those beyond ASCII, line separators, lone surrogates, and what turns the direction of writing. */
const unsendable = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

function toBytes(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a test for ASCII
  return /^[\u0000-\u007f]*$/.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
}

function literalBytes(literal: string, text: string, at: number): string {
  return toBytes(checkLiteral(literal, text, at))
}
