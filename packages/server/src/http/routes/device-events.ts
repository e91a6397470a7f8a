import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { WatchedDevice } from '#authority'
import { type DeviceStanding, isFinalStanding } from '#domain'
import { addressKey } from '../address.ts'
import type { App, HttpContext } from '../context.ts'
import type { OpenStream } from '../event-streams.ts'
import { Problem } from '../problems.ts'
import { closed } from '../schemas.ts'

const query = closed({
  watch: Type.String({ minLength: 1, maxLength: 256, description: 'As `events_uri` has it.' }),
})

/** How long a stream that was lost should wait before it comes back. */
const reconnectMs = 1000

/** `GET /device/events`: the screen changes at once. Its token opens nothing but this (rule 19). */
export function deviceEventsRoute(app: App, context: HttpContext): void {
  app.get(
    '/device/events',
    {
      exposeHeadRoute: false,
      config: { group: 'stream', who: 'whoever has the `events_uri`' },
      schema: {
        tags: ['Sign-in across devices'],
        summary:
          'Server-sent events `pending`, `scanned`, `approved`, `denied`, `expired`: the state at once, then each change; it ends after the last',
        produces: ['text/event-stream'],
        querystring: query,
      },
    },
    async (request, reply) => {
      const watched = await context.devices.watched(request.query.watch)
      if (watched === undefined)
        throw new Problem('not_found', { detail: 'There is no such stream.' })
      await tell(context, reply, { watched, stream: admit(context, request) })
      return reply
    },
  )
}

/** @throws Problem 429 */
function admit(context: HttpContext, request: FastifyRequest): OpenStream {
  const stream = context.screens.streams.open(addressKey(context.addresses.of(request.raw)))
  if (typeof stream === 'string') throw context.limiter.refusal(stream, 5)
  return stream
}

interface Telling {
  readonly watched: WatchedDevice
  readonly stream: OpenStream
}

/** Ends when nothing can follow, the screen goes, or the server stops. */
async function tell(
  context: HttpContext,
  reply: FastifyReply,
  { watched, stream }: Telling,
): Promise<void> {
  begin(reply)
  const { raw } = reply
  raw.once('close', stream.close)
  if (raw.destroyed) stream.close()
  // A handful of short events in ten minutes: what a slow reader leaves unread stays small.
  const write = (standing: DeviceStanding) => {
    raw.write(eventOf(standing))
    if (isFinalStanding(standing)) stream.close()
  }
  const timer = setInterval(() => {
    if (!raw.writableNeedDrain) raw.write(': keepalive\n\n')
  }, context.settings.keepAliveMs)
  const closed = new Promise<void>((resolve) => {
    if (stream.signal.aborted) resolve()
    else stream.signal.addEventListener('abort', () => resolve(), { once: true })
  })
  write(watched.standing)
  const leave = stream.signal.aborted
    ? undefined
    : context.screens.watch.follow(watched.id, watched.standing, write)
  await closed
  leave?.()
  clearInterval(timer)
  raw.end()
}

function begin(reply: FastifyReply): void {
  reply.hijack()
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value)
  }
  reply.raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    // nginx would hold events back.
    'x-accel-buffering': 'no',
  })
  reply.raw.write(`retry: ${reconnectMs}\n\n`)
}

function eventOf(standing: DeviceStanding): string {
  return `event: ${standing}\ndata: ${JSON.stringify({ state: standing })}\n\n`
}
