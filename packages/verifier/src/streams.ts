/*
 * What is long-lived ends with its session: WebSockets, event streams, and bodies of the Fetch API.
 */
import type { Session } from './session.ts'

type Ending = Pick<Session, 'signal'>

/** The browser's, Bun's, Deno's, Hono's and `ws`'s sockets are all like this. */
export interface Socket {
  close(code?: number, reason?: string): void
  addEventListener?(type: 'close', listener: () => void): void
  readonly readyState?: number
}

/** Node's `ServerResponse`, and what frameworks make of it. */
export interface OutgoingStream {
  write(chunk: string): unknown
  end(): unknown
  once(event: 'close', listener: () => void): unknown
  readonly writableEnded?: boolean
  readonly destroyed?: boolean
}

/** "Your session has ended", among the codes that RFC 6455, section 7.4.2, leaves to applications. */
export const closeCodeEnded = 4401

/** `WebSocket.CLOSED`. */
const readyStateClosed = 3

/**
 * Closes the socket with 4401 once its session ends. Answers how to let go of it; a socket with
 * `addEventListener` is let go of by itself when it closes.
 */
export function closeSocketOnEnd(socket: Socket, session: Ending): () => void {
  const letGo = onEnd(session, (code) => socket.close(closeCodeEnded, `session ${code}`))
  // It may have closed while its session was asked for: then nothing tells.
  if (socket.readyState === readyStateClosed) letGo()
  socket.addEventListener?.('close', letGo)
  return letGo
}

/** Ends an event stream once its session ends; its last event is `session-ended`. */
export function endStreamOnEnd(stream: OutgoingStream, session: Ending): () => void {
  const letGo = onEnd(session, (code) => {
    // Node tells of a write after the end by an event, which ends the process if nobody listens.
    if (stream.writableEnded === true) return
    stream.write(`event: session-ended\ndata: ${JSON.stringify({ code })}\n\n`)
    stream.end()
  })
  if (stream.destroyed === true) letGo()
  stream.once('close', letGo)
  return letGo
}

/** The same body, which ends early when the session does. What it came from is cancelled then. */
export function untilEnd<Chunk>(
  body: ReadableStream<Chunk>,
  session: Ending,
): ReadableStream<Chunk> {
  const reader = body.getReader()
  let letGo = (): void => undefined
  return new ReadableStream<Chunk>({
    start(controller) {
      letGo = onEnd(session, (code) => {
        controller.close()
        void reader.cancel(code).catch(() => undefined)
      })
    },
    async pull(controller) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        letGo()
        throw error
      })
      if (isOver(session)) return
      if (!done) return controller.enqueue(value)
      letGo()
      controller.close()
    },
    async cancel(reason) {
      letGo()
      await reader.cancel(reason)
    },
  })
}

/** By the reason: to read `aborted` would hold the signal until its session ends (watched-signal.ts). */
function isOver({ signal }: Ending): boolean {
  return signal.reason !== undefined
}

function onEnd(session: Ending, act: (code: string) => void): () => void {
  const { signal } = session
  const listener = (): void => {
    try {
      act(codeOf(signal.reason))
    } catch {
      // Chosen outcome: it is closed already, or it is broken. A listener that throws ends a Node process.
    }
  }
  if (isOver(session)) {
    listener()
    return () => undefined
  }
  signal.addEventListener('abort', listener, { once: true })
  return () => signal.removeEventListener('abort', listener)
}

function codeOf(reason: unknown): string {
  const code: unknown = typeof reason === 'object' && reason !== null && Reflect.get(reason, 'code')
  return typeof code === 'string' ? code : 'ended'
}
