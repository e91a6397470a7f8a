import type { Brand } from './brand.ts'
import type { Instant } from './time.ts'

/** A session's id: a UUIDv7 (RFC 9562) in lower case. */
export type SessionId = Brand<string, 'SessionId'>

/** A user's id: 1 to 255 visible characters; `client:<id>` belongs to clients alone (rule 18). */
export type Uid = Brand<string, 'Uid'>

export type ClientId = Brand<string, 'ClientId'>

/** 16 random bytes of a session's row in base64url; the tokens' inner MAC covers them (rule 13). */
export type Salt = Brand<string, 'Salt'>

/** Names one secret of the key ring: 4 bytes in base64url, derived from the secret (rule 14). */
export type KeyId = Brand<string, 'KeyId'>

/** The id of one access token (RFC 7519 `jti`). */
export type TokenId = Brand<string, 'TokenId'>

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

export function parseSessionId(text: string): SessionId | undefined {
  return uuidV7.test(text) ? (text as SessionId) : undefined
}

/** RFC 9562, section 5.7: 48 bits of time, then random bits. `random` holds at least 10 bytes. */
export function sessionIdFrom(now: Instant, random: Uint8Array): SessionId {
  const time = now.toString(16).padStart(12, '0')
  const bytes = Array.from(random.subarray(0, 10), (byte) => byte.toString(16).padStart(2, '0'))
  const hex = bytes.join('')
  const variant = '89ab'.charAt(Number.parseInt(hex.charAt(3), 16) & 3)
  const head = `${time.slice(0, 8)}-${time.slice(8)}-7${hex.slice(0, 3)}`
  return `${head}-${variant}${hex.slice(4, 7)}-${hex.slice(7, 19)}` as SessionId
}

const clientPrefix = 'client:'
// Visible and without line breaks or control characters: a uid travels in headers and logs.
const uidShape =
  /^[\p{L}\p{N}\p{P}\p{S}](?:[\p{L}\p{M}\p{N}\p{P}\p{S} ]{0,253}[\p{L}\p{M}\p{N}\p{P}\p{S}])?$/u

/** A person's id. `undefined` when it is empty, too long, has control characters, or looks like a client's. */
export function parseUid(text: string): Uid | undefined {
  if (text.toLowerCase().startsWith(clientPrefix)) return undefined
  // Paths of URLs lose them (RFC 3986, section 5.2.4): nobody could address such a user.
  if (text === '.' || text === '..') return undefined
  return uidShape.test(text) ? (text as Uid) : undefined
}

const clientIdShape = /^[A-Za-z0-9._~-]{1,64}$/

export function parseClientId(text: string): ClientId | undefined {
  return clientIdShape.test(text) ? (text as ClientId) : undefined
}

/** The `sub` of a client's own tokens (rule 18). */
export function clientUid(client: ClientId): Uid {
  return `${clientPrefix}${client}` as Uid
}

/** The client behind a uid, when the uid is a client's own. */
export function clientOfUid(uid: Uid): ClientId | undefined {
  return uid.startsWith(clientPrefix) ? (uid.slice(clientPrefix.length) as ClientId) : undefined
}
