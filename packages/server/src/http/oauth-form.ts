import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { OAuthError } from './oauth-error.ts'

/**
 * `resource` and `audience` may be repeated (RFC 8707, section 2; RFC 8693, section 2.1); anything else
 * twice is an error (RFC 6749, section 3.2).
 */
const resourcesMax = 16

export interface OAuthForm {
  readonly values: ReadonlyMap<string, string>
  readonly resources: readonly string[]
  /** Of token exchange alone. */
  readonly audiences: readonly string[]
  readonly repeated: string | null
}

const empty: OAuthForm = { values: new Map(), resources: [], audiences: [], repeated: null }

/** Never throws: it runs in a stream's callback, where an exception would end the process. */
export function parseForm(text: string): OAuthForm {
  const values = new Map<string, string>()
  const resources: string[] = []
  const audiences: string[] = []
  let repeated: string | null = null
  for (const [name, value] of new URLSearchParams(text)) {
    // Parameters without a value count as omitted, unknown ones are ignored (RFC 6749, section 3.2).
    if (value === '') continue
    if (name === 'resource') resources.push(value)
    else if (name === 'audience') audiences.push(value)
    else if (values.has(name)) repeated = name
    else values.set(name, value)
  }
  return { values, resources, audiences, repeated }
}

/** @throws OAuthError invalid_request */
export function formOf(request: FastifyRequest): OAuthForm {
  const form = (request.body ?? empty) as OAuthForm
  if (form.repeated !== null) throw invalidRequest('A parameter is repeated.')
  for (const list of [form.resources, form.audiences]) {
    if (list.length > resourcesMax)
      throw invalidRequest('Too many `resource` or `audience` parameters.')
  }
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

const clientMembers = {
  client_id: Type.Optional(Type.String({ description: 'A public client says only this.' })),
  client_secret: Type.Optional(Type.String({ description: 'Or HTTP Basic, or an assertion.' })),
  client_assertion_type: Type.Optional(Type.String()),
  client_assertion: Type.Optional(Type.String({ description: '`private_key_jwt` (RFC 7523).' })),
}

/** For the reference; the forms are read by `formOf`. */
export const tokenForm = Type.Object({
  grant_type: Type.String({ description: 'One of `grant_types_supported`.' }),
  refresh_token: Type.Optional(Type.String()),
  subject_token: Type.Optional(
    Type.String({ description: "A provider's ID token, to be exchanged (RFC 8693)." }),
  ),
  subject_token_type: Type.Optional(
    Type.String({ description: '`urn:ietf:params:oauth:token-type:id_token`.' }),
  ),
  requested_token_type: Type.Optional(
    Type.String({ description: 'Of an access token or a refresh token; not needed.' }),
  ),
  audience: Type.Optional(
    Type.String({ description: 'In token exchange the same as `resource`; may be repeated.' }),
  ),
  scope: Type.Optional(Type.String({ description: "Within the client's." })),
  resource: Type.Optional(
    Type.String({ description: 'One of `tokens.audience`; may be repeated (RFC 8707).' }),
  ),
  ...clientMembers,
})

export const tokenQuestionForm = Type.Object({
  token: Type.String({ description: 'A token of any kind.' }),
  token_type_hint: Type.Optional(Type.String({ description: 'Not needed.' })),
  ...clientMembers,
})
