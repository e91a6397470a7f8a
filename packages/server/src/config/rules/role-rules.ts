import { parseUid } from '#domain'
import type { Path, Reporter } from '../mistakes.ts'
import type { RawConfig } from '../schema.ts'

/** Rule 17: no provider and no issuer ever hands these out. */
export const reservedRoles: readonly string[] = ['admin', 'issuer', 'service']

export function checkUsers({ users, identityProviders }: RawConfig, report: Reporter): void {
  for (const [index, { match, roles }] of users.entries()) {
    checkMatch(match, ['users', index, 'match'], identityProviders, report)
    for (const [at, role] of roles.entries()) {
      if (role !== 'issuer' && role !== 'service') continue
      const fix = 'Remove it, or give it to an entry of `clients`.'
      report.add(['users', index, 'roles', at], `${role} is a role of clients alone`, fix)
    }
  }
}

function checkMatch(
  match: RawConfig['users'][number]['match'],
  path: Path,
  providers: RawConfig['identityProviders'],
  report: Reporter,
): void {
  if (typeof match === 'string') {
    if (parseUid(match) !== undefined) return
    const fix = 'Write the uid of a person; client:<id> belongs to clients alone.'
    report.add(path, `${JSON.stringify(match)} is not the uid of a person`, fix)
  } else if (!providers.some(({ id }) => id === match.idp)) {
    reportUnknownProvider([...path, 'idp'], match.idp, providers, report)
  }
}

export function reportUnknownProvider(
  path: Path,
  idp: string,
  providers: RawConfig['identityProviders'],
  report: Reporter,
): void {
  const known = providers.map(({ id }) => id).join(', ')
  const fix =
    known === '' ? 'Add it to identityProviders.' : `Name one of identityProviders: ${known}.`
  report.add(path, `there is no identity provider ${JSON.stringify(idp)}`, fix)
}
