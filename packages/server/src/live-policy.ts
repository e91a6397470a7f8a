import type { ClientRules, DeviceRules, PersonMatch, Policy } from '#authority'
import { accessTtlSeconds, type ClientConfig, type Config, type DeviceClassConfig } from '#config'
import type { ClientId, Uid } from '#domain'

/** The configuration in force as the authority's policy. `replace` is what SIGHUP does. */
export class LivePolicy implements Policy {
  #config: Config
  #clients: ReadonlyMap<ClientId, ClientConfig>
  #rules: ReadonlyMap<ClientId, ClientRules>
  #userRoles: UserRoles

  constructor(config: Config) {
    this.#config = config
    this.#clients = byId(config)
    this.#rules = rulesById(config)
    this.#userRoles = userRolesOf(config)
  }

  replace(config: Config): void {
    this.#config = config
    this.#clients = byId(config)
    this.#rules = rulesById(config)
    this.#userRoles = userRolesOf(config)
  }

  get config(): Config {
    return this.#config
  }

  get issuer(): string {
    return this.#config.server.publicUrl
  }

  get refreshTtlMs(): number {
    return this.#config.tokens.refreshTtlMs
  }

  get refreshGraceMs(): number {
    return this.#config.tokens.refreshGraceMs
  }

  get audience(): readonly string[] {
    return this.#config.tokens.audience
  }

  get accessClaims(): readonly string[] {
    return this.#config.tokens.claims
  }

  get fallback(): DeviceRules {
    const { idleTtlMs, absoluteTtlMs } = this.#config.sessions
    const policy = { policy: 'multiple', limit: null } as const
    return { policy, idleTtlMs, absoluteTtlMs, lostResponseMs: 0 }
  }

  client(id: ClientId): ClientRules | undefined {
    return this.#rules.get(id)
  }

  /** The client with its credentials; only for those who authenticate it. */
  clientConfig(id: ClientId): ClientConfig | undefined {
    return this.#clients.get(id)
  }

  device(name: string): DeviceRules | undefined {
    return this.#device(name)
  }

  userRoles({ uid, vouched }: PersonMatch): readonly string[] {
    const byUid = this.#userRoles.byUid.get(uid) ?? []
    if (vouched === null) return byUid
    return [...byUid, ...(this.#userRoles.byEmail.get(emailKey(vouched)) ?? [])]
  }

  accessTtlSeconds(client: ClientId, device: string): number {
    return accessTtlSeconds(this.#config, this.#clients.get(client), this.#device(device))
  }

  #device(name: string): DeviceClassConfig | undefined {
    return this.#config.sessions.devices[name]
  }
}

function byId(config: Config): ReadonlyMap<ClientId, ClientConfig> {
  return new Map(config.clients.map((client) => [client.id, client]))
}

function rulesById(config: Config): ReadonlyMap<ClientId, ClientRules> {
  return new Map(config.clients.map((client) => [client.id, rulesOf(client)]))
}

function rulesOf(client: ClientConfig): ClientRules {
  return {
    id: client.id,
    confidential: client.auth.kind !== 'none',
    roles: client.roles,
    mayGrant: client.mayGrant,
    mayStartAdmins: client.mayStartAdmins,
    grants: client.grants,
    device: client.device,
    scopes: client.scopes,
    dpop: client.dpop,
  }
}

interface UserRoles {
  readonly byUid: ReadonlyMap<Uid, readonly string[]>
  /** By provider and verified address. */
  readonly byEmail: ReadonlyMap<string, readonly string[]>
}

function userRolesOf({ users }: Config): UserRoles {
  const byUid = new Map<Uid, readonly string[]>()
  const byEmail = new Map<string, readonly string[]>()
  for (const { match, roles } of users) {
    if (match.kind === 'uid') byUid.set(match.uid, [...(byUid.get(match.uid) ?? []), ...roles])
    else {
      const key = emailKey({ providerId: match.idp, email: match.email })
      byEmail.set(key, [...(byEmail.get(key) ?? []), ...roles])
    }
  }
  return { byUid, byEmail }
}

/** A provider's id has no space. */
function emailKey({ providerId, email }: NonNullable<PersonMatch['vouched']>): string {
  return `${providerId} ${email}`
}
