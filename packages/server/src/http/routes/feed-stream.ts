import type { FastifyRequest } from 'fastify'
import { formatCursor } from '#domain'
import { type App, callerOf, type HttpContext } from '../context.ts'
import type { FeedEvent } from '../deps.ts'
import { admitStream, relay, streamHeaders } from '../event-relay.ts'
import { feedPosition } from '../feed-position.ts'
import { noted, readerOf } from '../feed-reader.ts'
import { roleOnly } from '../guards.ts'
import { closed } from '../schemas.ts'
import { entryJson, feedQuery } from './feed.ts'

const roles = ['service', 'admin'] as const

export function feedStreamRoutes(app: App, context: HttpContext): void {
  app.get(
    '/sessions/revoked/stream',
    {
      config: { group: 'stream', who: 'role service or admin' },
      onRequest: roleOnly(context, ...roles),
      schema: {
        tags: ['The revocation feed'],
        summary: 'The same as server-sent events; `Last-Event-ID` resumes and wins over `since`',
        produces: ['text/event-stream'],
        querystring: closed(feedQuery),
      },
    },
    async (request, reply) => {
      const resumed = lastEventId(request)
      const position = feedPosition(resumed ?? request.query.since, context.clock.now())
      if (request.method === 'HEAD') return reply.headers(streamHeaders(context)).send()
      const all = request.query.all === 'true'
      // A store that is out of reach is told before anything is sent: 503 instead of an empty stream.
      await context.feed.page({ position, all, limit: 1 })
      const stream = admitStream(context, callerOf(request))
      const source = context.events.open({ position, all, signal: stream.signal })
      const seen = context.verifiers.streams(readerOf(context, request))
      const events = noted(source[Symbol.asyncIterator](), seen)
      await relay({ context, request, reply, stream, roles, events, textOf })
      return reply
    },
  )
}

/** An empty id means that none was received yet (HTML, 9.2.4). */
function lastEventId(request: FastifyRequest): string | undefined {
  const id = request.headers['last-event-id']
  return typeof id === 'string' && id !== '' ? id : undefined
}

function textOf(event: FeedEvent): string {
  switch (event.kind) {
    case 'entry':
      return `id: ${formatCursor(event.cursor)}\ndata: ${JSON.stringify(entryJson(event.entry))}\n\n`
    case 'reset':
      return `id: ${formatCursor(event.cursor)}\nevent: reset\ndata: {}\n\n`
    case 'keepalive':
      // The timer of the relay speaks, busy or not, because it also checks the caller.
      return ''
    default:
      return event satisfies never
  }
}
