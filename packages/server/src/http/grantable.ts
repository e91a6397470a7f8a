import { reservedRoles } from '#authority'
import type { Caller } from './callers.ts'
import { Problem } from './problems.ts'

/**
 * The roles that this caller may give: a client with `issuer` those of its `mayGrant`, an admin any;
 * nobody a reserved one (rule 17). Answers them as they came.
 *
 * @throws Problem 403
 */
export function grantable(
  caller: Caller,
  roles: readonly string[] | undefined,
): readonly string[] | undefined {
  if (roles === undefined) return undefined
  const admin = caller.roles.includes('admin')
  const mayGrant = caller.client?.mayGrant ?? []
  const denied = roles.filter(
    (role) => reservedRoles.includes(role) || !(admin || mayGrant.includes(role)),
  )
  if (denied.length === 0) return roles
  throw new Problem('roles_not_granted', { detail: `You may not give ${denied.join(', ')}.` })
}
