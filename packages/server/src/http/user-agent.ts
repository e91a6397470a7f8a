import type { FastifyRequest } from 'fastify'

const lengthMax = 512

/** What the request calls itself, for the record of a session: never judged (rule 10). */
export function userAgentOf({ headers }: Pick<FastifyRequest, 'headers'>): string | null {
  return headers['user-agent']?.slice(0, lengthMax) ?? null
}

/** The same as a backend passes it on, in a body that may hold what no header can. Null: nothing is left. */
export function passedOnUserAgent(text: string): string | null {
  // Cut first: half of a surrogate pair may be left over.
  const kept = text
    .slice(0, lengthMax)
    .replace(/[\p{Cc}\p{Cs}]/gu, ' ')
    .trim()
  return kept === '' ? null : kept
}
