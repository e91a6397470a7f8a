import type { AuthorizationRequest } from '#authority'
import type { Uid } from '#domain'
import { parseUiLocales } from '../browser/ui-locales.ts'
import type { HttpContext } from '../context.ts'
import type { OAuthForm } from '../oauth-form.ts'
import { AuthorizationError } from './authorization-error.ts'
import type { Destination } from './destination.ts'

/** What is passed on to the identity provider. */
export interface ForProvider {
  readonly idp: string | null
  readonly prompt: string | null
  readonly maxAgeSeconds: number | null
  readonly acrValues: readonly string[]
  readonly loginHint: string | null
  readonly uiLocales: string | null
}

export interface CheckedRequest {
  readonly request: AuthorizationRequest
  readonly forProvider: ForProvider
}

/** A browser keeps 4,096 bytes of a cookie, and sealing takes a third on top. */
const requestLengthMax = 2400
const resourcesMax = 16

/**
 * A request of a client whose redirect URI is its own, checked in full.
 *
 * @throws AuthorizationError
 */
export function checkedRequest(
  context: Pick<HttpContext, 'authority'>,
  form: OAuthForm,
  destination: Destination,
): CheckedRequest {
  refuseUnsupported(form, destination)
  const { client, redirectUri } = destination
  const value = (name: string): string | null => form.values.get(name) ?? null
  const request: AuthorizationRequest = {
    clientId: client.id,
    redirectUri,
    challenge: challengeOf(form),
    scope: scopeOf(value('scope'), client.scopes),
    resources: resourcesOf(context, form),
    state: value('state'),
    nonce: value('nonce'),
    dpopThumbprint: thumbprintOf(value('dpop_jkt')),
    expectedUid: hintedUid(context, value('id_token_hint'), destination),
  }
  const forProvider = forProviderOf(form)
  const { uiLocales } = forProvider
  // As it stands in the cookie: as text within JSON, in bytes.
  if (Buffer.byteLength(JSON.stringify(textOf({ ...request, uiLocales }))) > requestLengthMax) {
    throw bad('state, nonce, scope, resource and redirect_uri are too long together.')
  }
  return { request, forProvider }
}

/** What the browser brings to the callback: the request, and how to speak to the person there. */
export interface CarriedRequest extends AuthorizationRequest {
  readonly uiLocales: string | null
}

export function textOf(carried: CarriedRequest): string {
  return JSON.stringify(carried)
}

function refuseUnsupported(form: OAuthForm, { client }: Destination): void {
  const { values, repeated } = form
  if (repeated !== null) throw bad('A parameter is repeated.')
  if (values.has('request')) throw new AuthorizationError('request_not_supported', noJar)
  if (values.has('request_uri')) throw new AuthorizationError('request_uri_not_supported', noJar)
  if (values.has('registration')) {
    throw new AuthorizationError('registration_not_supported', 'Clients are configured.')
  }
  if (!client.grants.includes('authorization_code')) {
    throw new AuthorizationError('unauthorized_client', 'The client may not use this flow.')
  }
  const type = values.get('response_type')
  if (type === undefined) throw bad('The parameter response_type is missing.')
  if (type !== 'code') {
    throw new AuthorizationError('unsupported_response_type', 'response_type must be code.')
  }
  const mode = values.get('response_mode') ?? 'query'
  if (mode !== 'query') throw bad('response_mode must be query.')
}

const noJar = 'Request objects are not supported; push the request to /oauth/par instead.'

/** RFC 7636; `plain` would hand the verifier to whoever sees the request (RFC 9700, section 2.1.1). */
function challengeOf({ values }: OAuthForm): string {
  const challenge = values.get('code_challenge')
  if (challenge === undefined) throw bad('PKCE is required: code_challenge is missing.')
  if (values.get('code_challenge_method') !== 'S256') {
    throw bad('code_challenge_method must be S256.')
  }
  if (!/^[A-Za-z0-9_-]{43}$/.test(challenge)) throw bad('code_challenge is not a SHA-256 digest.')
  return challenge
}

/** Without one, all that the client may ask for; `openid` has to be asked for (OpenID Connect Core, 3.1.2.1). */
function scopeOf(scope: string | null, allowed: readonly string[]): string {
  if (scope === null) return allowed.filter((name) => name !== 'openid').join(' ')
  const wanted = [...new Set(scope.split(' ').filter((name) => name !== ''))]
  if (wanted.every((name) => allowed.includes(name))) return wanted.join(' ')
  throw new AuthorizationError('invalid_scope', "The scope exceeds the client's.")
}

function resourcesOf(
  { authority: { policy } }: Pick<HttpContext, 'authority'>,
  { resources }: OAuthForm,
): readonly string[] {
  if (resources.length > resourcesMax) throw bad('Too many resource parameters.')
  if (resources.every((one) => one === policy.issuer || policy.audience.includes(one))) {
    return resources
  }
  throw new AuthorizationError('invalid_target', 'A resource is not a configured audience.')
}

/** RFC 9449, section 10. */
function thumbprintOf(thumbprint: string | null): string | null {
  if (thumbprint === null || /^[A-Za-z0-9_-]{43}$/.test(thumbprint)) return thumbprint
  throw bad('dpop_jkt is not a SHA-256 thumbprint.')
}

function hintedUid(
  { authority }: Pick<HttpContext, 'authority'>,
  hint: string | null,
  { client }: Destination,
): Uid | null {
  if (hint === null) return null
  const read = authority.readHint(hint)
  if (read?.clientId === client.id) return read.uid
  throw bad('id_token_hint is not an ID token of this client.')
}

function forProviderOf({ values }: OAuthForm): ForProvider {
  const prompt = promptOf(values.get('prompt'))
  const maxAgeSeconds = maxAgeOf(values.get('max_age'))
  const shared = {
    idp: values.get('idp') ?? null,
    acrValues: (values.get('acr_values') ?? '').split(' ').filter((value) => value !== ''),
    loginHint: values.get('login_hint') ?? null,
    uiLocales: parseUiLocales(values.get('ui_locales')),
  }
  // OpenID Connect Core, section 3.1.2.1: an age of 0 asks for what `login` asks for.
  return { ...shared, prompt: prompt ?? (maxAgeSeconds === 0 ? 'login' : null), maxAgeSeconds }
}

export const promptValues: readonly string[] = ['none', 'login', 'select_account', 'consent']

function promptOf(prompt: string | undefined): string | null {
  if (prompt === undefined) return null
  const wanted = [...new Set(prompt.split(' ').filter((value) => value !== ''))]
  if (wanted.some((value) => !promptValues.includes(value))) {
    throw bad(`prompt is made of ${promptValues.join(', ')}.`)
  }
  if (wanted.includes('none') && wanted.length > 1) throw bad('prompt none stands alone.')
  return wanted.join(' ')
}

function maxAgeOf(text: string | undefined): number | null {
  if (text === undefined) return null
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw bad('max_age is a number of seconds.')
}

function bad(description: string): AuthorizationError {
  return new AuthorizationError('invalid_request', description)
}
