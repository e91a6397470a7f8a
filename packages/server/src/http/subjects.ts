import { clientUid, parseClientId, parseUid, type Uid } from '#domain'
import { Problem } from './problems.ts'

const clientPrefix = 'client:'

/**
 * Whose sessions an administrator means: a person's uid, or `client:<id>`.
 *
 * @throws Problem 404, or what `otherwise` makes
 */
export function parseSubject(text: string, otherwise: () => Problem = noSuchUser): Uid {
  const person = parseUid(text)
  if (person !== undefined) return person
  const client = text.startsWith(clientPrefix)
    ? parseClientId(text.slice(clientPrefix.length))
    : undefined
  if (client === undefined) throw otherwise()
  return clientUid(client)
}

function noSuchUser(): Problem {
  return new Problem('not_found', { detail: 'No user can have this id.' })
}
