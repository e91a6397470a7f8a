/*
 * Host and path in one form, made once: rules, cookies and return targets see nothing else. Two parsers
 * that read one URL differently are how gateways are walked around (attack classes C2 and C4), so what is
 * unusual is refused or flagged here, never repaired.
 */
import { isIPv4, isIPv6 } from 'node:net'

/** A host in lower case without a trailing dot; IPv6 in brackets, compressed (RFC 5952). */
export interface CanonicalHost {
  readonly name: string
  /** As written; null when none was. */
  readonly port: number | null
}

export interface CanonicalPath {
  /** Decoded once. */
  readonly path: string
  /**
   * Two readers may take it for two paths. It never matches `require: none` (rule 26), and is forbidden
   * on hosts of which some path asks for more than another.
   */
  readonly suspicious: boolean
}

export interface CanonicalTarget extends CanonicalPath {
  /** Path and query exactly as the browser sent them, for the way back after a sign-in. */
  readonly target: string
  /** With its question mark, or empty. Never part of matching. */
  readonly query: string
}

const hostLengthMax = 253 + ':65535'.length
const targetLengthMax = 16_384

/** `undefined`: no host that anybody should answer for. Only ASCII: IDNA names come as `xn--`. */
export function canonicalHost(text: string): CanonicalHost | undefined {
  if (text.length <= 63 && plainName.test(text)) return { name: text, port: null }
  if (text.length === 0 || text.length > hostLengthMax) return undefined
  const parts = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(?::([1-9][0-9]{0,4}))?$/.exec(text)
  if (parts === null) return undefined
  const port = parts[2] === undefined ? null : Number(parts[2])
  if (port !== null && port > 65_535) return undefined
  const name = hostName(parts[1] ?? '')
  return name === undefined ? undefined : { name, port }
}

/** Most hosts need no second look: in lower case, without a port, and the last label is no number. */
const plainName = /^(?:[a-z0-9]+(?:-+[a-z0-9]+)*\.)*[a-z]+$/

export function formatHost({ name, port }: CanonicalHost): string {
  return port === null ? name : `${name}:${port}`
}

function hostName(text: string): string | undefined {
  if (text.startsWith('[')) return ipv6(text.slice(1, -1))
  const lower = text.toLowerCase()
  const name = lower.endsWith('.') ? lower.slice(0, -1) : lower
  const labels = name.split('.')
  if (!labels.every((label) => labelShape.test(label))) return undefined
  // URL Standard, "ends in a number": browsers read 0x7f.1 and 2130706433 as addresses.
  const last = labels.at(-1) ?? ''
  if (/^(?:[0-9]+|0x[0-9a-f]*)$/.test(last)) return isIPv4(name) ? name : undefined
  return name
}

const labelShape = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/

function ipv6(address: string): string | undefined {
  return isIPv6(address) ? URL.parse(`http://[${address}]/`)?.hostname : undefined
}

/**
 * The target of a request line: path and query. `undefined`: it cannot be read (no leading slash, control
 * characters, a fragment, a broken % sequence, bytes that are not UTF-8). As in node:http, each character
 * of `text` is one byte.
 */
export function canonicalTarget(text: string): CanonicalTarget | undefined {
  if (!text.startsWith('/') || text.length > targetLengthMax) return undefined
  const mark = text.indexOf('?')
  const raw = mark < 0 ? text : text.slice(0, mark)
  const query = mark < 0 ? '' : text.slice(mark)
  if (unreadable.test(text)) return undefined
  const read = canonicalPath(raw)
  if (read === undefined) return undefined
  return { path: read.path, suspicious: read.suspicious, target: text, query }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const unreadable = /[\u0000-\u0020\u007f#]|[^\u0000-\u00ff]/
/** Nothing to decode and nothing to doubt; most paths are of this kind. */
const plain = /^(?:\/[A-Za-z0-9_~!$&'()*+,=:@-][A-Za-z0-9_~!$&'()*+,=:@.-]*)*\/?$/

function canonicalPath(raw: string): CanonicalPath | undefined {
  if (plain.test(raw)) return { path: raw, suspicious: false }
  const path = decodeOnce(raw)
  if (path === undefined) return undefined
  return { path, suspicious: encodedDoubt.test(raw) || decodedDoubt.test(path) }
}

/** An encoded dot, slash, backslash or NUL: some servers decode these before they route, some after. */
const encodedDoubt = /%(?:2e|2f|5c|00)/i
/**
 * Dot segments, empty segments, backslashes, path parameters, control characters, a question mark or
 * hash that was encoded, and a % sequence that is left after decoding (encoded twice).
 */
const decodedDoubt =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /\/\.{1,2}(?:\/|$)|\/\/|[\\;?#\u0000-\u001f\u007f-\u009f\u2028\u2029]|%[0-9A-Fa-f]{2}/

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeOnce(raw: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(raw)) return undefined
  const bytes = raw.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  try {
    return utf8.decode(Buffer.from(bytes, 'latin1'))
  } catch {
    // Not UTF-8: nobody can say which characters these are, so no rule can be asked about them.
    return undefined
  }
}
