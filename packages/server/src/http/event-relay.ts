/*
 * Server-sent events, sent with care: the client's pace is waited for, and with every sign of life the
 * caller is judged again. A stream that may no longer be read closes.
 */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { KeyMissing, StoreUnavailable } from '#authority'
import { toSeconds } from '#domain'
import type { Caller, Role } from './callers.ts'
import type { HttpContext } from './context.ts'
import type { OpenStream } from './event-streams.ts'

/** How long a stream that was lost should wait before it comes back. */
const reconnectMs = 1000
const keepAliveComment = ': keepalive\n\n'

export interface Relay<Event> {
  readonly context: HttpContext
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly stream: OpenStream
  /** One of which the caller must still have. */
  readonly roles: readonly Role[]
  /** Ends when the stream's signal aborts. */
  readonly events: AsyncIterator<Event>
  /** As it is sent; empty: not at all. */
  readonly textOf: (event: Event) => string
}

/** A place among the streams of the caller (rule 37). @throws Problem 429 */
export function admitStream(context: HttpContext, caller: Caller): OpenStream {
  const stream = context.streams.open(
    caller.client?.id ?? caller.session?.origin.sid ?? caller.actor,
  )
  if (typeof stream === 'string') throw context.limiter.refusal(stream, 5)
  return stream
}

export function streamHeaders(context: HttpContext) {
  return {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    'curfew-now': String(toSeconds(context.clock.now())),
    // nginx would hold events back.
    'x-accel-buffering': 'no',
  }
}

/** Ends when the client goes, the caller loses the right, the server stops, or the source gives up. */
export async function relay<Event>(parts: Relay<Event>): Promise<void> {
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
    // A source that waits for the next event notices the signal; nobody waits for it here.
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

/** The source ends when the signal aborts, so nothing here waits on both. */
async function pump<Event>({ context, reply, stream, events, textOf }: Relay<Event>) {
  for (;;) {
    const result = await events.next().catch((error: unknown) => {
      // The headers are out: the stream ends here, and the client comes back.
      context.log.warn({ why: messageOf(error) }, 'an event stream lost its source')
      return undefined
    })
    if (result === undefined || result.done === true || stream.signal.aborted) return
    const text = textOf(result.value)
    if (text !== '' && !(await write(reply.raw, text, stream.signal))) return
  }
}

async function keepAlive<Event>({ context, request, reply, stream, roles }: Relay<Event>) {
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown'
}
