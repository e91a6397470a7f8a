import { clientOfUid, type SessionParts } from '#domain'
import type { PersonMatch, Policy } from './policy.ts'

/** Never taken from a provider, a client's wish or a row (rule 17). */
export const reservedRoles: readonly string[] = ['admin', 'issuer', 'service']

/**
 * The roles of a session at this moment: those of its row, and those that the configuration gives.
 * A client's own session has its client's roles; a person's never has `issuer` or `service`.
 */
export function effectiveRoles(policy: Policy, session: SessionParts): readonly string[] {
  const client = clientOfUid(session.origin.uid)
  if (client !== undefined) return policy.client(client)?.roles ?? []
  const own = session.grants.roles.filter((role) => !reservedRoles.includes(role))
  const given = policy.userRoles(personOf(session)).filter(forPeople)
  return [...new Set([...own, ...given])]
}

function personOf({ origin, provider }: SessionParts): PersonMatch {
  const { providerId, verifiedEmail: email } = provider ?? { providerId: '', verifiedEmail: null }
  return { uid: origin.uid, vouched: email === null ? null : { providerId, email } }
}

function forPeople(role: string): boolean {
  return role !== 'issuer' && role !== 'service'
}
