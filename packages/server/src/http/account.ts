import { performance } from 'node:perf_hooks'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { HttpDeps } from './deps.ts'

/** What is logged for a client that left before its answer began; nginx made the number known. */
const clientGone = 499

/**
 * One line and one count for every request, also one whose client has gone: `close` always comes,
 * `finish` does not.
 */
export function account(
  { metrics, log }: Pick<HttpDeps, 'metrics' | 'log'>,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const began = performance.now()
  const { raw } = reply
  raw.once('close', () => {
    const ms = performance.now() - began
    const status = raw.headersSent ? raw.statusCode : clientGone
    const { config, url = null } = request.routeOptions
    metrics.request(config.group ?? 'other', status, ms / 1000)
    // The pattern, never the URL: paths hold uids, queries may hold anything.
    const { id: requestId, method } = request
    log.info({ requestId, method, route: url, status, ms: Math.round(ms * 100) / 100 }, 'request')
  })
}
