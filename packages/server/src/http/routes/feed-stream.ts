import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { KeyMissing, StoreUnavailable } from '#authority'
import { formatCursor, toSeconds } from '#domain'
import type { Caller } from '../callers.ts'
import { type App, callerOf, type HttpContext } from '../context.ts'
import type { FeedEvent } from '../deps.ts'
import type { OpenStream } from '../event-streams.ts'
import { feedPosition } from '../feed-position.ts'
import { roleOnly } from '../guards.ts'
import { closed } from '../schemas.ts'
import { entryJson, feedQuery } from './feed.ts'

const roles = ['service', 'admin'] as const

/** How long a stream that was lost should wait before it comes back. */
const reconnectMs = 1000

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
      const stream = admit(context, callerOf(request))
      const source = context.events.open({ position, all, signal: stream.signal })
      await relay({ context, request, reply, stream, events: source[Symbol.asyncIterator]() })
      return reply
    },
  )
}

/** An empty id means that none was received yet (HTML, 9.2.4). */
function lastEventId(request: FastifyRequest): string | undefined {
  const id = request.headers['last-event-id']
  return typeof id === 'string' && id !== '' ? id : undefined
}

/** @throws Problem 429 */
function admit(context: HttpContext, caller: Caller): OpenStream {
  const stream = context.streams.open(
    caller.client?.id ?? caller.session?.origin.sid ?? caller.actor,
  )
  if (typeof stream === 'string') throw context.limiter.refusal(stream, 5)
  return stream
}

interface Relay {
  readonly context: HttpContext
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly stream: OpenStream
  readonly events: AsyncIterator<FeedEvent>
}

/** Ends when the client goes, the caller loses the right, the server stops, or the source gives up. */
async function relay(parts: Relay): Promise<void> {
  const { context, reply, stream, events } = parts
  begin(context, reply)
  reply.raw.once('close', stream.close)
  // It may have closed while the store was asked, and says so only once.
  if (reply.raw.destroyed) stream.close()
  const timer = setInterval(() => void keepAlive(parts), context.settings.keepAliveMs)
  try {
    await pump(parts)
  } finally {
    clearInterval(timer)
    stream.close()
    // A source that waits for the next end notices the signal; nobody waits for it here.
    void Promise.resolve(events.return?.()).catch(() => undefined)
    reply.raw.end()
  }
}

/** The headers go out at once, so that the client knows that it is connected. */
function begin(context: HttpContext, reply: FastifyReply): void {
  reply.hijack()
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value)
  }
  reply.raw.writeHead(200, streamHeaders(context))
  reply.raw.write(`retry: ${reconnectMs}\n\n`)
}

/** The source ends when the signal aborts (deps.ts), so nothing here waits on both. */
async function pump({ context, reply, stream, events }: Relay): Promise<void> {
  for (;;) {
    const result = await events.next().catch((error: unknown) => {
      // The headers are out: the stream ends here, and the client comes back with its last id.
      context.log.warn({ why: messageOf(error) }, 'an event stream lost its source')
      return undefined
    })
    if (result === undefined || result.done === true || stream.signal.aborted) return
    const text = textOf(result.value)
    if (text !== '' && !(await write(reply.raw, text, stream.signal))) return
  }
}

async function keepAlive({ context, request, reply, stream }: Relay): Promise<void> {
  if (stream.signal.aborted) return
  if (!reply.raw.writableNeedDrain) reply.raw.write(keepAliveComment)
  try {
    await context.callers.withRole(request.raw, roles)
  } catch (error) {
    // Out of reach is no answer about the caller: the stream stays as it is.
    if (error instanceof StoreUnavailable || error instanceof KeyMissing) return
    stream.close()
  }
}

/** False when the client has gone. Waits until a slow reader has taken what was written. */
async function write(raw: ServerResponse, text: string, signal: AbortSignal): Promise<boolean> {
  if (raw.destroyed || signal.aborted) return false
  if (raw.write(text)) return true
  try {
    await once(raw, 'drain', { signal })
    return true
  } catch {
    // Aborted: the stream was closed while it waited.
    return false
  }
}

const keepAliveComment = ': keepalive\n\n'

function textOf(event: FeedEvent): string {
  switch (event.kind) {
    case 'entry':
      return `id: ${formatCursor(event.cursor)}\ndata: ${JSON.stringify(entryJson(event.entry))}\n\n`
    case 'reset':
      return `id: ${formatCursor(event.cursor)}\nevent: reset\ndata: {}\n\n`
    case 'keepalive':
      // The timer above speaks, busy or not, because it also checks the caller.
      return ''
    default:
      return event satisfies never
  }
}

function streamHeaders(context: HttpContext) {
  return {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    'curfew-now': String(toSeconds(context.clock.now())),
    // nginx would hold events back.
    'x-accel-buffering': 'no',
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown'
}
