import type { SessionNews } from '../admin/news-queue.ts'
import { adminSessionJson } from '../answers.ts'
import { type App, callerOf, type HttpContext } from '../context.ts'
import { admitStream, relay, streamHeaders } from '../event-relay.ts'
import { roleOnly } from '../guards.ts'
import { nothing } from '../schemas.ts'

const roles = ['admin'] as const

export function adminEventsRoute(app: App, context: HttpContext): void {
  app.get(
    '/admin/events',
    {
      config: { group: 'stream', who: 'role admin' },
      onRequest: roleOnly(context, ...roles),
      schema: {
        tags: ['Administration'],
        summary:
          'Server-sent events `session`: each session that starts or ends, anywhere, as `GET /admin/sessions` tells it; `reset`: more happened than is told, load the lists anew',
        produces: ['text/event-stream'],
        querystring: nothing,
      },
    },
    async (request, reply) => {
      if (request.method === 'HEAD') return reply.headers(streamHeaders(context)).send()
      const caller = callerOf(request)
      const stream = admitStream(context, caller)
      // A store that is out of reach is told before anything is sent: 503 instead of an empty stream.
      const events = await context.watch.follow(stream.signal).catch((error: unknown) => {
        stream.close()
        throw error
      })
      const current = caller.session?.origin.sid ?? null
      const textOf = (news: SessionNews): string => {
        if (news.kind === 'missed') return 'event: reset\ndata: {}\n\n'
        const item = adminSessionJson(context.authority, news.session, current)
        return `event: session\ndata: ${JSON.stringify(item)}\n\n`
      }
      await relay({ context, request, reply, stream, roles, events, textOf })
      return reply
    },
  )
}
