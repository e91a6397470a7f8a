import type { IncomingMessage } from 'node:http'
import { Secret } from '#domain'
import { Problem } from './problems.ts'

/** More credentials than this in one request are nobody's mistake. */
const credentialsMax = 4

export interface BasicCredentials {
  /** As written, and as RFC 6749 (section 2.3.1) has it: each part form-encoded. Tried in this order. */
  readonly forms: readonly { readonly id: string; readonly secret: Secret }[]
}

/** What a request's headers carry. Duplicate headers count: Node would hide all but one of them. */
export interface HeaderCredentials {
  /** Of `Authorization: Bearer` and of the `token` header; the same text once. */
  readonly tokens: readonly Secret[]
  readonly basic: readonly BasicCredentials[]
  /** `Authorization` was sent in a form that we cannot read. */
  readonly unreadable: boolean
}

export function headerCredentials(raw: Pick<IncomingMessage, 'rawHeaders'>): HeaderCredentials {
  const { authorization, legacy } = values(raw.rawHeaders)
  if (authorization.length + legacy.length > credentialsMax) {
    throw new Problem('several_credentials', { detail: 'Send one credential.' })
  }
  const bearers = authorization.map(bearerToken).filter((token) => token !== undefined)
  const basic = authorization.map(basicCredentials).filter((pair) => pair !== undefined)
  return {
    tokens: [...new Set([...bearers, ...legacy])].map((token) => new Secret(token)),
    basic,
    unreadable: bearers.length + basic.length < authorization.length,
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

/** RFC 6750, section 2.1. */
function bearerToken(header: string): string | undefined {
  return /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(header)?.[1]
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
