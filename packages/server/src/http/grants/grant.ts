import { type ClientRules, noWish, type TokenWish } from '#authority'
import type { HttpContext } from '../context.ts'
import { OAuthError } from '../oauth-error.ts'
import type { OAuthForm } from '../oauth-form.ts'

/** A token request of a client that is known and may use this grant. */
export interface Grant {
  readonly client: ClientRules
  readonly form: OAuthForm
  readonly address: string | null
  readonly userAgent: string | null
  /** Of the key whose proof came with the request (RFC 9449); null: there was none. */
  readonly dpopThumbprint: string | null
}

/** Answers one `grant_type`; what it resolves to is the JSON of RFC 6749, section 5.1. */
export type GrantHandler = (context: HttpContext, grant: Grant) => Promise<object>

/** @throws OAuthError `invalid_target`, `invalid_scope` */
export function wishOf(context: HttpContext, { client, form }: Grant): TokenWish {
  const scope = form.values.get('scope') ?? null
  if (scope === null && form.resources.length === 0) return noWish
  const { policy } = context.authority
  const foreign = form.resources.some(
    (resource) => resource !== policy.issuer && !policy.audience.includes(resource),
  )
  if (foreign) {
    throw new OAuthError('invalid_target', {
      description: 'A `resource` is not one of the configured audiences.',
    })
  }
  const wanted = scope?.split(' ').filter((name) => name !== '') ?? []
  if (wanted.some((name) => !client.scopes.includes(name))) {
    throw new OAuthError('invalid_scope', { description: "The scope exceeds the client's." })
  }
  return {
    resources: form.resources,
    scope: scope === null ? null : [...new Set(wanted)].join(' '),
  }
}
