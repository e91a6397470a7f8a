/*
 * Cookies as they come and go. Parsing never throws: browsers, proxies and attackers send anything
 * (attack classes C14 and C15).
 */
import type { CookieSettings } from './settings.ts'
import { withoutSpaces } from './white-space.ts'

export interface ReadCookies {
  /** The different values under the gateway's name, in the order in which they came. */
  readonly own: readonly string[]
  /** Everything but Curfew's, byte for byte, for `{{ cookies }}`. */
  readonly rest: string
}

/** More values than this under our name are nobody's mistake, and not looked at. */
export const ownValuesMax = 4

/**
 * Curfew's cookies: the gateway's under any of its names, and those of sign-in and console, whose names
 * begin with the same word.
 */
const curfewName = /^(?:__Host-|__Secure-)?curfew(?:-.*)?$/s

export function readCookies(headers: readonly string[], name: string): ReadCookies {
  const own: string[] = []
  const [header = ''] = headers
  if (headers.length <= 1)
    return readUsual(header, name) ?? { own, rest: restOf(header, name, own) }
  const rest = headers.map((one) => restOf(one, name, own)).filter((left) => left !== '')
  return { own, rest: rest.join('; ') }
}

const word = 'curfew'

/**
 * What browsers send: our cookie once, after `; ` or at the beginning, and nothing else that could be
 * ours by its name. Then nothing has to be taken apart (1.2 µs for 600 bytes). Undefined: it is not so.
 */
function readUsual(header: string, name: string): ReadCookies | undefined {
  const at = header.indexOf(word)
  const equals = at + word.length
  const begin = equals - name.length
  if (at < 0 || header.includes(word, equals) || header[equals] !== '=') return undefined
  // The name ends with the word, so that it has to begin where a pair does.
  if (begin < 0 || !header.startsWith(name, begin)) return undefined
  if (begin > 0 && !header.startsWith('; ', begin - 2)) return undefined
  const end = header.indexOf(';', equals)
  const value = header.slice(equals + 1, end < 0 ? header.length : end).trim()
  if (end < 0) return { own: [value], rest: header.slice(0, Math.max(0, begin - 2)).trim() }
  const after = header.slice(end + 2)
  if (header[end + 1] !== ' ' || after === '') return undefined
  return { own: [value], rest: (header.slice(0, begin) + after).trim() }
}

/** What is left of one header; the values under our name go into `own`. */
function restOf(header: string, name: string, own: string[]): string {
  const kept: string[] = []
  let touched = false
  for (const pair of header.split(';')) {
    const [cookie, value] = splitPair(pair)
    if (cookie === name) take(value, own)
    if (cookie === name || (cookie.includes('curfew') && curfewName.test(cookie))) touched = true
    else if (withoutSpaces(pair) !== '') kept.push(withoutSpaces(pair))
  }
  return touched ? kept.join('; ') : withoutSpaces(header)
}

/** The different values under another name of ours; no more than are looked at. */
export function cookieValues(headers: readonly string[], name: string): readonly string[] {
  const values: string[] = []
  for (const header of headers) {
    for (const pair of header.split(';')) {
      const [cookie, value] = splitPair(pair)
      if (cookie === name) take(value, values)
    }
  }
  return values.slice(0, ownValuesMax)
}

function take(value: string, own: string[]): void {
  if (own.length <= ownValuesMax && !own.includes(value)) own.push(value)
}

/** A pair without `=` is a value without a name (RFC 6265bis, section 5.6). */
function splitPair(pair: string): readonly [string, string] {
  const equals = pair.indexOf('=')
  if (equals < 0) return ['', withoutSpaces(pair)]
  return [withoutSpaces(pair.slice(0, equals)), withoutSpaces(pair.slice(equals + 1))]
}

export interface CookieOrder extends CookieSettings {
  readonly secure: boolean
  /** For a host that the domain does not cover: without `Domain` (rule 28, hand-off). */
  readonly hostOnly: boolean
}

/**
 * `Set-Cookie` for the gateway's cookie. The value leads to the row and says nothing, so it stays the
 * same through every refresh.
 *
 * @throws TypeError for a value that is no cookie of ours, or settings that browsers would refuse
 */
export function setCookie(order: CookieOrder, value: string, maxAgeSeconds: number): string {
  if (!/^[A-Za-z0-9._~-]+$/.test(value)) throw new TypeError('not a cookie value of ours')
  return serialise(order, value, Math.max(0, Math.floor(maxAgeSeconds)))
}

export function clearCookie(order: CookieOrder): string {
  return serialise(order, '', 0)
}

function serialise(order: CookieOrder, value: string, maxAge: number): string {
  const domain = order.hostOnly ? null : order.domain
  // RFC 6265bis, section 4.1.3.
  if (order.name.startsWith('__Host-') && domain !== null) {
    throw new TypeError('a __Host- cookie has no domain')
  }
  if (order.name.startsWith('__') && !order.secure) {
    throw new TypeError(`${order.name} needs https`)
  }
  const sameSite = { lax: 'Lax', strict: 'Strict', none: 'None' }[order.sameSite]
  return [
    `${order.name}=${value}`,
    'Path=/',
    ...(domain === null ? [] : [`Domain=${domain}`]),
    `Max-Age=${maxAge}`,
    'HttpOnly',
    ...(order.secure ? ['Secure'] : []),
    `SameSite=${sameSite}`,
  ].join('; ')
}
