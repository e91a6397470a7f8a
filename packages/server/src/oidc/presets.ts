/* What kinds of providers do differently. Anything that discovery tells is not repeated here. */
import type { ServerMetadata } from 'openid-client'
import type { ProviderPreset, ProviderSettings } from './settings.ts'

export interface Preset {
  /** Scopes that the provider answers with an error. */
  readonly dropScopes: readonly string[]
  /** Sent with the authorization request. */
  readonly parameters: Readonly<Record<string, string>>
  /** `grant`: revoking one refresh token revokes the siblings' as well (rule 22). */
  readonly revocation: 'grant' | 'token'
  /** Metadata that discovery lacks; an endpoint that it has goes before. */
  readonly metadata: (issuer: string, found: ServerMetadata) => Partial<ServerMetadata>
  /** How its sign-out page calls the address to return to. */
  readonly returnParameter: string
}

const plain: Preset = {
  dropScopes: [],
  parameters: {},
  revocation: 'token',
  metadata: () => ({}),
  returnParameter: 'post_logout_redirect_uri',
}

const presets: Readonly<Record<ProviderPreset, Preset>> = {
  generic: plain,
  keycloak: plain,
  okta: plain,
  microsoft: plain,
  authentik: plain,
  zitadel: plain,
  gitlab: plain,
  // A refresh token comes only with `access_type=offline`, after consent; revoking it takes back the
  // whole grant of the user to this client.
  google: {
    ...plain,
    dropScopes: ['offline_access'],
    parameters: { access_type: 'offline', prompt: 'consent' },
    revocation: 'grant',
  },
  // Tenants without RP-initiated logout in their metadata have the older page.
  auth0: {
    ...plain,
    metadata: (issuer) => ({ end_session_endpoint: `${slashed(issuer)}oidc/logout` }),
  },
  // The hosted pages lie on a host of their own; discovery names it in the authorization endpoint alone.
  cognito: {
    ...plain,
    dropScopes: ['offline_access'],
    metadata: (_issuer, found) => {
      const pages = URL.parse(found.authorization_endpoint ?? '')
      return pages === null ? {} : { end_session_endpoint: `${pages.origin}/logout` }
    },
    returnParameter: 'logout_uri',
  },
  // OAuth 2.0 only: no discovery and no ID token (github.ts).
  github: { ...plain, dropScopes: ['openid', 'profile', 'email', 'offline_access'] },
}

export function presetOf(settings: Pick<ProviderSettings, 'preset'>): Preset {
  return presets[settings.preset]
}

/** What to ask for: without what the preset or the provider's own list rules out. */
export function scopesFor(settings: ProviderSettings, supported: readonly string[] | undefined) {
  const { dropScopes } = presetOf(settings)
  // RFC 8414 lets a list be incomplete; for offline_access a wrong request is an error at several.
  const noOffline = supported !== undefined && !supported.includes('offline_access')
  const asked = settings.scopes.filter(
    (scope) => !dropScopes.includes(scope) && !(noOffline && scope === 'offline_access'),
  )
  if (settings.preset === 'github' && asked.length === 0) return 'read:user user:email'
  return [...new Set(asked)].join(' ')
}

function slashed(issuer: string): string {
  return issuer.endsWith('/') ? issuer : `${issuer}/`
}
