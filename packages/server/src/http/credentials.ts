import type { IncomingMessage } from 'node:http'
import { Secret } from '#domain'
import { Problem } from './problems.ts'

/** More credentials than this in one request are nobody's mistake. */
const credentialsMax = 4

export interface BasicCredentials {
  /** As written, and as RFC 6749 (section 2.3.1) has it: each part form-encoded. Tried in this order. */
  readonly forms: readonly { readonly id: string; readonly secret: Secret }[]
}

export interface HeaderToken {
  readonly secret: Secret
  /** Only a token that is bound to a key comes by `DPoP` (RFC 9449, section 7.1). */
  readonly scheme: 'bearer' | 'dpop'
}

/** What a request's headers carry. Duplicate headers count: Node would hide all but one of them. */
export interface HeaderCredentials {
  /** Of `Authorization` and of the `token` header; the same text in the same way once. */
  readonly tokens: readonly HeaderToken[]
  readonly basic: readonly BasicCredentials[]
  /** `Authorization` was sent in a form that we cannot read. */
  readonly unreadable: boolean
}

export function headerCredentials(raw: Pick<IncomingMessage, 'rawHeaders'>): HeaderCredentials {
  const { authorization, legacy } = values(raw.rawHeaders)
  if (authorization.length + legacy.length > credentialsMax) {
    throw new Problem('several_credentials', { detail: 'Send one credential.' })
  }
  const bearers = authorization.map((text) => tokenOf('bearer', text)).filter(isText)
  const bound = authorization.map((text) => tokenOf('dpop', text)).filter(isText)
  const basic = authorization.map(basicCredentials).filter((pair) => pair !== undefined)
  return {
    tokens: [...inScheme('bearer', [...bearers, ...legacy]), ...inScheme('dpop', bound)],
    basic,
    unreadable: bearers.length + bound.length + basic.length < authorization.length,
  }
}

function values(rawHeaders: readonly string[]): { authorization: string[]; legacy: string[] } {
  const authorization: string[] = []
  const legacy: string[] = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    const value = rawHeaders[index + 1] ?? ''
    // Lengths first: this runs on every request, and few headers are as long as these two.
    if (name.length === 13 && name.toLowerCase() === 'authorization')
      authorization.push(value.trim())
    if (name.length === 5 && name.toLowerCase() === 'token' && value.trim() !== '') {
      legacy.push(value.trim())
    }
  }
  return { authorization, legacy }
}

function inScheme(scheme: HeaderToken['scheme'], texts: readonly string[]): HeaderToken[] {
  return [...new Set(texts)].map((text) => ({ secret: new Secret(text), scheme }))
}

function isText(text: string | undefined): text is string {
  return text !== undefined
}

/** RFC 6750, section 2.1, and RFC 9449, section 7.1. */
function tokenOf(scheme: HeaderToken['scheme'], header: string): string | undefined {
  const [, named, token] = /^(bearer|dpop) +([A-Za-z0-9._~+/-]+=*)$/i.exec(header) ?? []
  return named?.toLowerCase() === scheme ? token : undefined
}

/** RFC 7617. */
function basicCredentials(header: string): BasicCredentials | undefined {
  const encoded = /^basic +([A-Za-z0-9+/_-]+=*)$/i.exec(header)?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0) return undefined
  const id = text.slice(0, colon)
  const secret = text.slice(colon + 1)
  const plain = { id, secret: new Secret(secret) }
  const decoded = { id: formDecoded(id), secret: formDecoded(secret) }
  if (decoded.id === undefined || decoded.secret === undefined) return { forms: [plain] }
  if (decoded.id === id && decoded.secret === secret) return { forms: [plain] }
  return { forms: [plain, { id: decoded.id, secret: new Secret(decoded.secret) }] }
}

function formDecoded(text: string): string | undefined {
  if (!/[%+]/.test(text)) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    // Not form-encoded: only the plain reading is left.
    return undefined
  }
}
