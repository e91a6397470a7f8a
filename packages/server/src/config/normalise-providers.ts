import { Secret } from '#domain'
import type { ClaimConditions, IdentityProviderConfig } from './config.ts'
import { durationMs } from './durations.ts'
import { issuerOf } from './provider-presets.ts'
import type { RawConfig } from './schema.ts'

type RawProvider = RawConfig['identityProviders'][number]

export function normaliseProvider(raw: RawProvider): IdentityProviderConfig {
  const issuer = issuerOf(raw)
  if (issuer === undefined) throw new TypeError('a rule let a provider without issuer pass')
  const maxAgeMs = durationMs(raw.maxRefreshTokenAge)
  return {
    id: raw.id,
    issuer,
    internalUrl: raw.internalUrl?.replace(/\/+$/, '') ?? null,
    ca: raw.ca,
    preset: raw.preset,
    clientId: raw.clientId,
    auth: providerAuth(raw),
    scopes: raw.scopes,
    uid: raw.uid,
    rolesClaims: typeof raw.rolesClaim === 'string' ? [raw.rolesClaim] : raw.rolesClaim,
    claimsFrom: raw.claimsFrom,
    trustEmail: raw.trustEmail,
    maxRefreshTokenAgeMs: maxAgeMs === 0 ? null : maxAgeMs,
    graceOnFaultMs: durationMs(raw.graceOnFault),
    timeoutMs: durationMs(raw.timeout),
    exchangeAudiences: raw.exchangeAudiences,
    allow: {
      domains: raw.allow.domains.map((domain) => domain.toLowerCase()),
      users: raw.allow.users,
      roles: raw.allow.roles,
      claims: claimConditions(raw.allow.claims),
    },
  }
}

function providerAuth(raw: RawProvider): IdentityProviderConfig['auth'] {
  if (raw.clientSecret !== null) return { kind: 'secret', secret: new Secret(raw.clientSecret) }
  if (raw.privateKey !== null) return { kind: 'privateKey', key: new Secret(raw.privateKey) }
  return { kind: 'none' }
}

export function claimConditions(raw: RawProvider['allow']['claims']): ClaimConditions {
  const entries = Object.entries(raw).map(
    ([claim, wanted]) => [claim, Array.isArray(wanted) ? wanted : [wanted]] as const,
  )
  return Object.fromEntries(entries)
}
