import { hostPattern } from './addresses.ts'
import type {
  BearerPolicy,
  GatewayConfig,
  GatewayRule,
  HeaderTemplates,
  RuleRequirement,
} from './config.ts'
import { durationSeconds } from './durations.ts'
import { optionalListen } from './listen.ts'
import { claimConditions } from './normalise-providers.ts'
import type { RawConfig } from './schema.ts'

type RawRule = RawConfig['gateway']['rules'][number]

export function normaliseGateway({ server, gateway }: RawConfig): GatewayConfig {
  const secure = new URL(server.publicUrl).protocol === 'https:'
  const domain = gateway.cookie.domain?.toLowerCase() ?? null
  return {
    cookie: { name: cookieName(secure, domain), domain, sameSite: gateway.cookie.sameSite },
    prefix: gateway.prefix,
    listen: optionalListen(gateway.listen),
    returnTo: gateway.returnTo.map(normaliseHost),
    rules: gateway.rules.map(normaliseRule),
    headers: headerTemplates(gateway.headers),
  }
}

/** RFC 6265bis section 4.1.3: __Host- forbids a domain, and both prefixes ask for https. */
function cookieName(secure: boolean, domain: string | null): string {
  if (!secure) return 'curfew'
  return domain === null ? '__Host-curfew' : '__Secure-curfew'
}

function normaliseRule(raw: RawRule): GatewayRule {
  return {
    hosts: raw.hosts.map(normaliseHost),
    paths: raw.paths,
    methods: raw.methods,
    require: requirement(raw.require),
    idp: raw.idp,
    bearer: bearerPolicy(raw.bearer),
    audience: raw.audience,
    headers: raw.headers === null ? null : headerTemplates(raw.headers),
    preflight: raw.preflight,
  }
}

function normaliseHost(raw: string): string {
  // The rules have refused what is none.
  return hostPattern(raw) ?? raw
}

function requirement(raw: RawRule['require']): RuleRequirement {
  if (typeof raw === 'string') return { kind: raw }
  return {
    kind: 'conditions',
    roles: raw.roles,
    allRoles: raw.allRoles,
    users: raw.users,
    claims: raw.claims === null ? null : claimConditions(raw.claims),
    idp: raw.idp,
    acr: raw.acr === null ? null : listOf(raw.acr),
    maxAgeSeconds: raw.maxAge === null ? null : durationSeconds(raw.maxAge),
  }
}

function bearerPolicy(raw: RawRule['bearer']): BearerPolicy {
  if (typeof raw === 'string') return { kind: raw }
  const issuers = raw.issuers.map(({ issuer, audience }) => ({
    issuer,
    audience: listOf(audience),
  }))
  return { kind: 'issuers', issuers }
}

function headerTemplates(raw: Record<string, string>): HeaderTemplates {
  return Object.entries(raw).map(([name, template]) => ({ name, template }))
}

function listOf(raw: string | readonly string[]): readonly string[] {
  return typeof raw === 'string' ? [raw] : raw
}
