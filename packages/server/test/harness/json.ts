/* JSON of answers, looked into without trusting it. */
export type JsonObject = { readonly [name: string]: unknown }

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function asObject(value: unknown, what = 'the value'): JsonObject {
  if (isJsonObject(value)) return value
  throw new Error(`${what} is not a JSON object: ${JSON.stringify(value)}`)
}

export function asList(value: unknown, what = 'the value'): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new Error(`${what} is not a JSON array: ${JSON.stringify(value)}`)
}

export function asText(value: unknown, what = 'the value'): string {
  if (typeof value === 'string') return value
  throw new Error(`${what} is not a text: ${JSON.stringify(value)}`)
}

export function asNumber(value: unknown, what = 'the value'): number {
  if (typeof value === 'number') return value
  throw new Error(`${what} is not a number: ${JSON.stringify(value)}`)
}

/** The claims of a JWT, unverified. */
export function claimsOf(jwt: string): JsonObject {
  const part = jwt.split('.')[1] ?? ''
  return asObject(JSON.parse(Buffer.from(part, 'base64url').toString('utf8')), 'the JWT payload')
}

export function headerOf(jwt: string): JsonObject {
  const part = jwt.split('.')[0] ?? ''
  return asObject(JSON.parse(Buffer.from(part, 'base64url').toString('utf8')), 'the JWT header')
}
