import type { FastifySchemaValidationError } from 'fastify'
import type { InputMistake } from './problems.ts'

const mistakesMax = 50

/** What each format of schemas.ts expects, in words. */
export const formatWords: Readonly<Record<string, string>> = {
  uid: 'must be a user id: 1 to 255 visible characters, not beginning with `client:`',
  'client-id': 'must be a client id: 1 to 64 of letters, digits and `._~-`',
  'session-id': 'must be a session id (UUIDv7)',
  ip: 'must be an IP address',
  reason: 'must be 1 to 64 of `[a-z0-9_]`',
  role: 'must be a role: 1 to 128 visible characters without spaces and commas',
  'claim-name': 'is a registered claim or not a sane name',
  past: 'must not lie in the future (seconds since the epoch)',
}

/** All mistakes that ajv found, each once, as JSON pointers. */
export function mistakesOf(
  found: readonly FastifySchemaValidationError[],
  context: string | undefined,
): readonly InputMistake[] {
  const where = context === 'querystring' ? 'query' : context === 'params' ? 'path' : 'body'
  const mistakes = new Map<string, InputMistake>()
  for (const one of found.slice(0, mistakesMax)) {
    const mistake = { in: where, pointer: pointerOf(one), detail: wordsFor(one) } as const
    // An `if`, `propertyNames` or `type` may repeat itself: the first word on a place is enough.
    if (!mistakes.has(mistake.pointer)) mistakes.set(mistake.pointer, mistake)
  }
  return [...mistakes.values()]
}

function pointerOf(found: FastifySchemaValidationError): string {
  const { params, instancePath } = found
  const member = params['additionalProperty'] ?? params['missingProperty'] ?? params['propertyName']
  if (typeof member === 'string') return `${instancePath}/${escaped(member)}`
  const named = (found as { propertyName?: unknown }).propertyName
  return typeof named === 'string' ? `${instancePath}/${escaped(named)}` : instancePath
}

/** RFC 6901, section 3. */
function escaped(member: string): string {
  return member.slice(0, 128).replaceAll('~', '~0').replaceAll('/', '~1')
}

function wordsFor(found: FastifySchemaValidationError): string {
  const { keyword, params } = found
  switch (keyword) {
    case 'additionalProperties':
      return 'is not known here'
    case 'required':
      return 'is missing'
    case 'format':
      return formatWords[String(params['format'])] ?? 'is not well formed'
    case 'pattern':
      return 'must not hold control characters, or has the wrong form'
    case 'propertyNames':
      return formatWords['claim-name'] ?? ''
    case 'maxJsonBytes':
      return `must be at most ${String(found.params['limit'] ?? 4096)} bytes of JSON`
    default:
      return found.message ?? 'is not valid'
  }
}
