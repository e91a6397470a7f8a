import type { IncomingMessage } from 'node:http'

/** Who sent a request, in the words of the proxy's headers. */
export interface Visitor {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly roles: readonly string[]
}

/** The headers that Curfew answers and the proxy passes on: name, and template in `gateway.headers`. */
export const identityHeaders = {
  'X-Auth-Request-User': '{{ uid }}',
  'X-Auth-Request-Name': '{{ claims.name }}',
  'X-Auth-Request-Email': '{{ claims.email }}',
  'X-Auth-Request-Groups': '{{ roles }}',
  Cookie: '{{ cookies }}',
} as const

export const identityNames = Object.keys(identityHeaders).map((name) => name.toLowerCase())

export function visitorOf({ headers }: IncomingMessage): Visitor {
  const read = (name: string) => String(headers[`x-auth-request-${name}`] ?? '')
  const id = read('user')
  return {
    id,
    name: read('name') || id,
    email: read('email'),
    roles: read('groups')
      .split(',')
      .filter((role) => role !== ''),
  }
}
