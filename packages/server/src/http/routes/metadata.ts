import { identityClaims, identityScopes } from '#authority'
import { promptValues } from '../authorization/authorization-request.ts'
import type { App, HttpContext } from '../context.ts'
import { grantHandlers } from '../grants/grants.ts'
import { languages } from '../pages/index.ts'

/** Long enough to spare requests, short against the time for which a key is published before it signs. */
const cacheControl = 'public, max-age=60'
const config = { group: 'metadata', who: 'anybody' } as const
const tags = ['Discovery']

/** Public keys and metadata, below the issuer's path. */
export function metadataRoutes(app: App, context: HttpContext): void {
  app.get(
    '/.well-known/jwks.json',
    { config, schema: { tags, summary: 'The keys that verify access tokens (RFC 7517)' } },
    async (_request, reply) => reply.header('cache-control', cacheControl).send(context.jwks()),
  )
  const documents = {
    '/.well-known/oauth-authorization-server': 'Authorization server metadata (RFC 8414)',
    '/.well-known/openid-configuration': 'The same for OpenID Connect Discovery 1.0',
  }
  for (const [path, summary] of Object.entries(documents)) {
    app.get(path, { config, schema: { tags, summary } }, async (_request, reply) =>
      reply.header('cache-control', cacheControl).send(metadata(context)),
    )
  }
  app.get(
    '/openapi.json',
    { config, schema: { tags, summary: 'This interface as OpenAPI 3.1' } },
    async (_request, reply) =>
      reply.header('cache-control', cacheControl).type('application/json').send(openApiText(app)),
  )
}

/** RFC 8414, section 3.1: the path of the issuer comes after the well-known part. */
export function insertedMetadataRoutes(app: App, context: HttpContext): void {
  const { pathname } = new URL(context.settings.publicUrl)
  if (pathname === '/') return
  for (const name of ['oauth-authorization-server', 'openid-configuration']) {
    app.get(
      `/.well-known/${name}${pathname.replace(/\/$/, '')}`,
      { config, schema: { hide: true } },
      async (_request, reply) =>
        reply.header('cache-control', cacheControl).send(metadata(context)),
    )
  }
}

const openApiTexts = new WeakMap<App, string>()

function openApiText(app: App): string {
  const known = openApiTexts.get(app)
  if (known !== undefined) return known
  const text = JSON.stringify(app.swagger())
  openApiTexts.set(app, text)
  return text
}

/** Only what is true now: endpoints that exist, grants that are answered. */
function metadata({ settings, authority, clients, dpop }: HttpContext) {
  const issuer = authority.policy.issuer
  const at = (path: string) => `${settings.publicUrl}${path}`
  const confidential = ['client_secret_basic', 'client_secret_post', 'private_key_jwt']
  const algorithms = clients.assertionAlgorithms
  return {
    issuer,
    jwks_uri: at('/.well-known/jwks.json'),
    token_endpoint: at('/oauth/token'),
    device_authorization_endpoint: at('/oauth/device_authorization'),
    token_endpoint_auth_methods_supported: [...confidential, 'none'],
    token_endpoint_auth_signing_alg_values_supported: algorithms,
    revocation_endpoint: at('/oauth/revoke'),
    revocation_endpoint_auth_methods_supported: [...confidential, 'none'],
    revocation_endpoint_auth_signing_alg_values_supported: algorithms,
    ...authorizationMetadata(at),
    introspection_endpoint: at('/oauth/introspect'),
    introspection_endpoint_auth_methods_supported: confidential,
    introspection_endpoint_auth_signing_alg_values_supported: algorithms,
    grant_types_supported: [...grantHandlers.keys()],
    subject_types_supported: ['public'],
    dpop_signing_alg_values_supported: dpop.algorithms,
    id_token_signing_alg_values_supported: [settings.algorithm],
  }
}

/** RFC 8414, RFC 9126, RFC 9207, OpenID Connect Discovery 1.0 and RP-Initiated Logout 1.0. */
function authorizationMetadata(at: (path: string) => string) {
  return {
    authorization_endpoint: at('/oauth/authorize'),
    pushed_authorization_request_endpoint: at('/oauth/par'),
    require_pushed_authorization_requests: false,
    authorization_response_iss_parameter_supported: true,
    userinfo_endpoint: at('/userinfo'),
    end_session_endpoint: at('/signout'),
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    code_challenge_methods_supported: ['S256'],
    prompt_values_supported: promptValues,
    ui_locales_supported: languages,
    scopes_supported: identityScopes,
    claims_supported: identityClaims,
    claim_types_supported: ['normal'],
    claims_parameter_supported: false,
    request_parameter_supported: false,
    // Unless it is said, they are (OpenID Connect Discovery, section 3).
    request_uri_parameter_supported: false,
  }
}
