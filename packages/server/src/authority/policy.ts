import type { ClientId, DevicePolicy, Uid } from '#domain'

/** What the configuration says of a client, in plain values. */
export interface ClientRules {
  readonly id: ClientId
  /** It has a secret or a key, and always authenticates (rule 18). */
  readonly confidential: boolean
  /** Its own roles, such as `issuer`; never given to a session of a person (rule 17). */
  readonly roles: readonly string[]
  readonly mayGrant: readonly string[]
  readonly mayStartAdmins: boolean
  readonly grants: readonly string[]
  /** The class of its sessions where the request names none. */
  readonly device: string
  readonly scopes: readonly string[]
  /** Proofs of possession (RFC 9449): welcome, required, or required with a nonce of ours. */
  readonly dpop: 'offered' | 'required' | 'nonce'
}

/** What the configuration says of a device class. */
export interface DeviceRules {
  readonly policy: DevicePolicy
  readonly idleTtlMs: number
  readonly absoluteTtlMs: number
  readonly lostResponseMs: number
}

/** What `users` may name a person by; one is never taken for the other (rule 17). */
export interface PersonMatch {
  readonly uid: Uid
  /** Null: no provider vouches for an e-mail address of the person. */
  readonly vouched: { readonly providerId: string; readonly email: string } | null
}

/** The configuration as the authority sees it. A reload replaces what the methods answer. */
export interface Policy {
  readonly issuer: string
  readonly refreshTtlMs: number
  readonly refreshGraceMs: number
  /** What clients may ask for with `resource` (RFC 8707); without it, a token is for all of them. */
  readonly audience: readonly string[]
  /** Names of session claims that are copied into access tokens. */
  readonly accessClaims: readonly string[]
  client(id: ClientId): ClientRules | undefined
  device(name: string): DeviceRules | undefined
  /** For clients' own sessions, and for sessions whose class has left the configuration. */
  readonly fallback: DeviceRules
  /** Roles that `users` gives to a person; the only source of `admin` for people (rule 17). */
  userRoles(person: PersonMatch): readonly string[]
  /** The shortest of client, class and global. */
  accessTtlSeconds(client: ClientId, device: string): number
}

/** The rules of a session that exists, whatever has become of its class since. */
export function rulesOf(policy: Policy, device: string): DeviceRules {
  return policy.device(device) ?? policy.fallback
}
