import type { FastifyRequest } from 'fastify'

const lengthMax = 512

/** What the request calls itself, for the record of a session: never judged (rule 10). */
export function userAgentOf({ headers }: Pick<FastifyRequest, 'headers'>): string | null {
  return headers['user-agent']?.slice(0, lengthMax) ?? null
}
