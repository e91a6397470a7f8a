/* A reader of server-sent events that waits for the next one, for as long as it is told. */
import { open, type RequestOptions } from './http.ts'

export type ServerEvent = {
  readonly id: string | undefined
  readonly event: string
  readonly data: string
}

export type EventStream = {
  readonly status: number
  readonly headers: Headers
  /** Comments that came so far. */
  readonly comments: readonly string[]
  /** The next event; undefined when the server closed the stream. Throws when none comes in time. */
  next(withinMs?: number): Promise<ServerEvent | undefined>
  /** All events until none has come for `quietMs`. */
  drain(quietMs: number): Promise<readonly ServerEvent[]>
  /** The body as text, when the answer was no stream. */
  text(): Promise<string>
  close(): void
}

export async function openEvents(
  base: string,
  path: string,
  options: RequestOptions = {},
): Promise<EventStream> {
  const abort = new AbortController()
  const headers = { accept: 'text/event-stream', ...options.headers }
  const response = await open(base, 'GET', path, { ...options, headers, signal: abort.signal })
  const queue = new Queue()
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
  if (isStream) void pump(response, queue)
  return {
    status: response.status,
    headers: response.headers,
    comments: queue.comments,
    next: (withinMs = 30_000) => queue.next(withinMs),
    drain: (quietMs) => drain(queue, quietMs),
    text: () => response.text(),
    close: () => abort.abort(),
  }
}

async function drain(queue: Queue, quietMs: number): Promise<readonly ServerEvent[]> {
  const events: ServerEvent[] = []
  for (;;) {
    const event = await queue.next(quietMs).catch(() => undefined)
    if (event === undefined) return events
    events.push(event)
  }
}

class Queue {
  readonly comments: string[] = []
  readonly #events: (ServerEvent | undefined)[] = []
  #wake: () => void = () => undefined

  push(event: ServerEvent | undefined): void {
    this.#events.push(event)
    this.#wake()
  }

  async next(withinMs: number): Promise<ServerEvent | undefined> {
    if (this.#events.length === 0) await this.#arrival(withinMs)
    const event = this.#events[0]
    // The end stays at the head, for whoever asks again.
    if (event !== undefined) this.#events.shift()
    return event
  }

  #arrival(withinMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no event in ${withinMs} ms`)), withinMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

async function pump(response: Response, queue: Queue): Promise<void> {
  try {
    let rest = ''
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) {
      const text = rest + decoder.decode(chunk, { stream: true }).replaceAll('\r\n', '\n')
      const blocks = text.split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) take(block, queue)
    }
  } catch {
    // Closed by us or broken off: either way it has ended.
  }
  queue.push(undefined)
}

function take(block: string, queue: Queue): void {
  const fields: Record<string, string> = {}
  const data: string[] = []
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === '') queue.comments.push(value)
    else if (name === 'data') data.push(value)
    else fields[name] = value
  }
  if (data.length === 0) return
  queue.push({ id: fields['id'], event: fields['event'] ?? 'message', data: data.join('\n') })
}
