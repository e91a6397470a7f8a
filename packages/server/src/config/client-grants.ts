import type { GrantType } from './config.ts'
import type { RawConfig } from './schema.ts'

export type RawClient = RawConfig['clients'][number]

export const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code'
export const tokenExchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange'

export function isConfidential(client: RawClient): boolean {
  return client.secret !== null || client.jwks !== null || client.jwksUri !== null
}

/** The grants of a client: those named, else what its other keys allow. */
export function grantsOf(client: RawClient): readonly GrantType[] {
  return client.grants === null
    ? defaultGrants(client)
    : [...new Set(client.grants.map(fullGrantName))]
}

function defaultGrants(client: RawClient): readonly GrantType[] {
  const confidential = isConfidential(client)
  const redirects = client.redirectUris.length > 0
  const grants: GrantType[] = []
  if (redirects) grants.push('authorization_code')
  // A public client may refresh what an issuer started for it (rule 18); an issuer what it started.
  if (redirects || !confidential || client.roles.includes('issuer')) grants.push('refresh_token')
  if (confidential && (client.roles.length > 0 || !redirects)) grants.push('client_credentials')
  return grants
}

function fullGrantName(name: NonNullable<RawClient['grants']>[number]): GrantType {
  if (name === 'device_code') return deviceCodeGrant
  return name === 'token_exchange' ? tokenExchangeGrant : name
}

/** The classes of its sessions: from sign-in and POST /sessions, and from the device grant. */
export function devicesOf(client: RawClient): { device: string; deviceGrantDevice: string } {
  return { device: client.device ?? 'app', deviceGrantDevice: client.device ?? 'web' }
}

export function secretsOf(client: RawClient): readonly string[] {
  if (client.secret === null) return []
  return typeof client.secret === 'string' ? [client.secret] : client.secret
}
