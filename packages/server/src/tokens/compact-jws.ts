import { decodeBase64url } from './base64url.ts'

/** A JWS in compact form (RFC 7515, section 7.1), taken apart; nothing in it is believed yet. */
export interface CompactJws {
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Buffer
  /** What the signature covers. */
  readonly signingInput: string
  readonly signature: Buffer
}

export function parseCompactJws(token: string): CompactJws | undefined {
  const [headerPart, payloadPart, signaturePart, ...rest] = token.split('.')
  if (headerPart === undefined || payloadPart === undefined || signaturePart === undefined) {
    return undefined
  }
  const headerBytes = decodeBase64url(headerPart)
  const payload = decodeBase64url(payloadPart)
  const signature = decodeBase64url(signaturePart)
  if (rest.length > 0 || !headerBytes || !payload || !signature) return undefined
  const header = parseJsonObject(headerBytes)
  if (header === undefined) return undefined
  return { header, payload, signature, signingInput: `${headerPart}.${payloadPart}` }
}

/** The JSON object in these bytes, without a prototype: a member can only be one that stands there. */
export function parseJsonObject(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return Object.assign(Object.create(null), value)
  } catch {
    // Not JSON; the caller refuses the token.
    return undefined
  }
}

export function encodeJson(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
