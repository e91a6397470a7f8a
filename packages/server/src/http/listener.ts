/* node:http below the router, and what the router has to be told of it. */
import type { RequestListener, Server } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { Problem } from './problems.ts'
import { createStoppingServer } from './stopping-server.ts'

/** How long a request may take to arrive whole. */
export const requestTimeoutMs = 30_000
/** Longer than proxies keep an idle connection, so that it is they who close it. */
const keepAliveTimeoutMs = 72_000

/**
 * A server whose requests have no stream to wait for when they announce no body, which is what proxies
 * ask with: reading the end of nothing costs a tenth of a check.
 */
export function createListener(answer: RequestListener): Server {
  const options = { requestTimeout: requestTimeoutMs, optimizeEmptyRequests: true }
  const server = createStoppingServer(options, answer)
  server.keepAliveTimeout = keepAliveTimeoutMs
  return server
}

/**
 * The target without the scheme and host that it may come with (RFC 9112, section 3.2.2), which the router
 * would take for a path. Nothing here rests on the host that a request names.
 */
export function inOriginForm(target: string): string {
  const rest = target.replace(/^https?:\/\/[^/?#]*/i, '')
  return rest.startsWith('/') || rest === target ? rest : `/${rest}`
}

/**
 * Fastify reads the body of whatever names a content type, and would wait for ever for the end of one
 * that was never announced (`curl -X POST -H 'Content-Type: application/json'`).
 */
export function readUnannouncedBodies(app: FastifyInstance): void {
  app.addHook('preParsing', (request, _reply, payload, done) => {
    const over = request.raw.readableEnded && request.headers['content-type'] !== undefined
    done(null, over ? Readable.from([]) : payload)
  })
}

/** RFC 9110, section 15.5.16: nothing here unpacks a body, and a packed one is not what it says. */
export function refuseCodedBodies(app: FastifyInstance): void {
  app.addHook('preParsing', (request, _reply, payload, done) => {
    const coding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
    if (coding === 'identity' || request.method === 'GET' || request.method === 'HEAD') {
      done(null, payload)
    } else {
      const headers = { 'accept-encoding': 'identity' }
      const detail = 'Send the body as it is, without Content-Encoding.'
      done(new Problem('unsupported_media_type', { detail, headers }))
    }
  })
}

/**
 * Fastify closes the connection on a client that is still sending a body too large, which then sees a
 * broken pipe in place of the 413. What it sends is read and thrown away instead, until the request's
 * time is up.
 */
export function answerWhileSending(app: FastifyInstance): void {
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (reply.statusCode === 413) reply.removeHeader('connection')
    done(null, payload)
  })
}
