import type { FastifyRequest } from 'fastify'
import { OAuthError } from './oauth-error.ts'

/** `resource` alone may be repeated (RFC 8707, section 2); anything else twice is an error (RFC 6749, 3.2). */
const resourcesMax = 16

export interface OAuthForm {
  readonly values: ReadonlyMap<string, string>
  readonly resources: readonly string[]
  readonly repeated: string | null
}

const empty: OAuthForm = { values: new Map(), resources: [], repeated: null }

/** Never throws: it runs in a stream's callback, where an exception would end the process. */
export function parseForm(text: string): OAuthForm {
  const values = new Map<string, string>()
  const resources: string[] = []
  let repeated: string | null = null
  for (const [name, value] of new URLSearchParams(text)) {
    // Parameters without a value count as omitted, unknown ones are ignored (RFC 6749, section 3.2).
    if (value === '') continue
    if (name === 'resource') resources.push(value)
    else if (values.has(name)) repeated = name
    else values.set(name, value)
  }
  return { values, resources, repeated }
}

/** @throws OAuthError invalid_request */
export function formOf(request: FastifyRequest): OAuthForm {
  const form = (request.body ?? empty) as OAuthForm
  if (form.repeated !== null) throw invalidRequest('A parameter is repeated.')
  if (form.resources.length > resourcesMax) throw invalidRequest('Too many `resource` parameters.')
  return form
}

/** @throws OAuthError invalid_request */
export function required(form: OAuthForm, name: string): string {
  const value = form.values.get(name)
  if (value === undefined) throw invalidRequest(`The parameter ${name} is missing.`)
  return value
}

export function invalidRequest(description: string): OAuthError {
  return new OAuthError('invalid_request', { description })
}
