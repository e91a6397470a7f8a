import type { FastifyRequest } from 'fastify'
import type { FeedCursor } from '#domain'
import type { Reader, VerifiersSeen } from './admin/verifiers-seen.ts'
import { callerOf, type HttpContext } from './context.ts'
import { userAgentOf } from './user-agent.ts'

/** Who reads the feed, as followers are listed; an administrator is told by the client alone. */
export function readerOf(context: HttpContext, request: FastifyRequest): Reader | undefined {
  const { client, session } = callerOf(request)
  const clientId = client?.id ?? session?.origin.clientId
  if (clientId === undefined) return undefined
  const address = context.addresses.of(request.raw)
  return { clientId, address, userAgent: userAgentOf(request) }
}

/** The same source; how far it was read is noted where followers are listed. */
export function noted<Event extends { readonly kind: string; readonly cursor?: FeedCursor }>(
  source: AsyncIterator<Event>,
  seen: ReturnType<VerifiersSeen['streams']>,
): AsyncIterator<Event> {
  return {
    next: async () => {
      seen.waits = true
      const result = await source.next()
      seen.waits = false
      if (result.done !== true) seen.cursor = result.value.cursor ?? seen.cursor
      return result
    },
    return: async () => {
      seen.close()
      await source.return?.()
      return { done: true, value: undefined }
    },
  }
}
