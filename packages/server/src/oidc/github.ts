/* GitHub (and GitHub Enterprise) speak OAuth 2.0 only: no discovery, no ID token, an API for the user. */
import type { ServerMetadata } from 'openid-client'
import type { Claims, Json, Secret } from '#domain'
import { type ProviderFetch, ProviderSilent } from './provider-http.ts'

export function githubMetadata(issuer: string): ServerMetadata {
  const base = issuer.replace(/\/+$/, '')
  return {
    issuer: base,
    authorization_endpoint: `${base}/login/oauth/authorize`,
    token_endpoint: `${base}/login/oauth/access_token`,
    token_endpoint_auth_methods_supported: ['client_secret_post'],
  }
}

/** On github.com the API has a host of its own. */
function apiOf(issuer: string): string {
  const base = issuer.replace(/\/+$/, '')
  return base === 'https://github.com' ? 'https://api.github.com' : `${base}/api/v3`
}

/** The user in the words of OpenID Connect. @throws ProviderSilent when the API does not say who it is */
export async function githubUser(
  fetch: ProviderFetch,
  issuer: string,
  accessToken: Secret,
): Promise<Claims> {
  const user = await ask(fetch, `${apiOf(issuer)}/user`, accessToken)
  if (!isRecord(user) || typeof user['id'] !== 'number') {
    throw new ProviderSilent('the API of GitHub did not say who signed in', true)
  }
  const emails = await ask(fetch, `${apiOf(issuer)}/user/emails`, accessToken).catch(() => [])
  const names = {
    preferred_username: user['login'],
    name: user['name'],
    picture: user['avatar_url'],
  }
  const told = Object.entries(names).filter(([, value]) => typeof value === 'string')
  return { sub: String(user['id']), ...Object.fromEntries(told), ...primaryEmail(emails) } as Claims
}

async function ask(fetch: ProviderFetch, url: string, accessToken: Secret): Promise<Json> {
  const response = await fetch(url, {
    method: 'GET',
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${accessToken.reveal()}`,
      'user-agent': 'curfew',
    },
  })
  if (response.status !== 200)
    throw new ProviderSilent(`the API of GitHub answered ${response.status}`, true)
  return (await response.json()) as Json
}

function primaryEmail(emails: Json): Claims {
  const listed = Array.isArray(emails) ? emails.filter(isRecord) : []
  const primary = listed.find((one) => one['primary'] === true)
  if (primary === undefined || typeof primary['email'] !== 'string') return {}
  return { email: primary['email'], email_verified: primary['verified'] === true }
}

function isRecord(value: unknown): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
