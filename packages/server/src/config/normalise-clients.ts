import { type ClientId, type Json, parseClientId, parseUid, Secret } from '#domain'
import { devicesOf, grantsOf, type RawClient, secretsOf } from './client-grants.ts'
import type { ClientAuth, ClientConfig, UserConfig } from './config.ts'
import { durationSeconds } from './durations.ts'
import type { RawConfig } from './schema.ts'

export function normaliseClient(raw: RawClient): ClientConfig {
  return {
    id: clientId(raw.id),
    auth: clientAuth(raw),
    roles: unique(raw.roles),
    mayGrant: unique(raw.mayGrant),
    mayStartAdmins: raw.mayStartAdmins,
    grants: grantsOf(raw),
    redirectUris: raw.redirectUris,
    postLogoutRedirectUris: raw.postLogoutRedirectUris,
    origins: unique([...raw.redirectUris, ...raw.origins].flatMap(webOrigin)),
    ...devicesOf(raw),
    accessTtlSeconds: raw.accessTtl === null ? null : durationSeconds(raw.accessTtl),
    scopes: unique(raw.scopes),
    dpop: raw.dpop === 'nonce' ? 'nonce' : raw.dpop ? 'required' : 'offered',
  }
}

function clientId(text: string): ClientId {
  const id = parseClientId(text)
  if (id === undefined) throw new TypeError('the schema let a wrong client id pass')
  return id
}

function clientAuth(raw: RawClient): ClientAuth {
  const [first, ...rest] = secretsOf(raw).map((text) => new Secret(text))
  if (first !== undefined) return { kind: 'secret', secrets: [first, ...rest] }
  // JSON by its origin: YAML's core schema makes no other values.
  if (raw.jwks !== null) {
    return { kind: 'jwks', keys: raw.jwks.keys as readonly Record<string, Json>[] }
  }
  return raw.jwksUri === null ? { kind: 'none' } : { kind: 'jwksUri', url: raw.jwksUri }
}

/** A scheme of an application's own has no origin that a browser would send. */
function webOrigin(uri: string): readonly string[] {
  const url = new URL(uri)
  return url.protocol === 'https:' || url.protocol === 'http:' ? [url.origin] : []
}

export function normaliseUser({ match, roles }: RawConfig['users'][number]): UserConfig {
  if (typeof match !== 'string') {
    const email = match.email.toLowerCase()
    return { match: { kind: 'email', idp: match.idp, email }, roles: unique(roles) }
  }
  const uid = parseUid(match)
  if (uid === undefined) throw new TypeError('a rule let a wrong uid pass')
  return { match: { kind: 'uid', uid }, roles: unique(roles) }
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)]
}
