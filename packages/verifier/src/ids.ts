declare const brand: unique symbol

/** A session's id: a UUIDv7 in lower case. Only a verified token makes one. */
export type SessionId = string & { readonly [brand]: 'SessionId' }

/** The user's id at Curfew, or `client:<id>` for a client's own session. */
export type UserId = string & { readonly [brand]: 'UserId' }

const sessionIdShape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** What is no UUID cannot be denied, and so is no session's id for us. */
export function isSessionId(value: unknown): value is SessionId {
  return typeof value === 'string' && sessionIdShape.test(value)
}
