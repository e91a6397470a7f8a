/*
 * The feed as server-sent events, between the pulls. It only ever brings news sooner: it never moves the
 * pull's position, and whatever looks odd in it makes the pull look for itself. Modes:
 *
 *   waiting    -> connecting   by the timer
 *   connecting -> open         200 and the right type
 *   open       -> waiting      ended, broken, silent for too long, or not understood (the wait doubles)
 *   any        -> closed       for good
 */
import { VerifierFault } from './errors.ts'
import { EventStreamParser, type StreamEvent } from './event-stream-parser.ts'
import { type FeedEntry, formatCursor, readCursor, readEntry } from './feed-entry.ts'
import type { FeedPosition } from './feed-source.ts'
import { discard, refused } from './http-answer.ts'
import type { Timing } from './timing.ts'

export interface FeedStreamOptions {
  readonly baseUrl: string
  readonly authorization: () => Promise<string>
  readonly fetch: typeof fetch
  readonly timing: Timing
  readonly all: boolean
  /** Where the pull stands: where a first connection begins. */
  readonly position: () => FeedPosition | null
  readonly onEntry: (entry: FeedEntry) => void
  /** Something is missing or has started over: pull now. */
  readonly onDoubt: () => void
  readonly onFault: (fault: VerifierFault) => void
}

/** The server sends a comment every 15 s. */
const silenceMaxMs = 45_000
const retryMinMs = 1000
const retryMaxMs = 30_000

export class FeedStream {
  readonly #options: FeedStreamOptions
  readonly #closing = new AbortController()
  /** The last event that was understood. */
  #last: FeedPosition | undefined
  #failures = 0
  #open = false
  #timer: unknown

  constructor(options: FeedStreamOptions) {
    this.#options = options
  }

  get open(): boolean {
    return this.#open
  }

  start(): void {
    void this.#connect()
  }

  close(): void {
    this.#closing.abort()
    this.#options.timing.clearTimer(this.#timer)
  }

  async #connect(): Promise<void> {
    const abort = new AbortController()
    const stop = (): void =>
      abort.abort(new Error('The stream was closed, or silent for too long.'))
    this.#closing.signal.addEventListener('abort', stop)
    try {
      await this.#follow(abort.signal, stop)
      // The server ended it, as it may. It is back soon.
      this.#failures = 0
    } catch (error) {
      this.#failed(error)
    } finally {
      this.#open = false
      this.#options.timing.clearTimer(this.#timer)
      this.#closing.signal.removeEventListener('abort', stop)
    }
    if (this.#closing.signal.aborted) return
    this.#timer = this.#options.timing.setTimer(() => void this.#connect(), this.#waitMs())
  }

  async #follow(signal: AbortSignal, stop: () => void): Promise<void> {
    this.#watch(stop)
    const response = await this.#answer(signal)
    const type = response.headers.get('content-type') ?? ''
    if (response.status !== 200 || !type.startsWith('text/event-stream')) {
      await discard(response)
      if (response.status !== 200) throw refused(response.status)
      throw new VerifierFault('stream_failed', `The answer is ${type || 'of no type'}, not events.`)
    }
    const reader = response.body?.getReader()
    if (reader === undefined) return
    this.#open = true
    const parser = new EventStreamParser()
    const decoder = new TextDecoder()
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (done || signal.aborted) return
        this.#watch(stop)
        for (const event of parser.take(decoder.decode(value, { stream: true }))) this.#take(event)
      }
    } finally {
      reader.cancel().catch(() => undefined)
    }
  }

  /** Whoever gives the token, or fetches, may never answer and not look at the signal. */
  #answer(signal: AbortSignal): Promise<Response> {
    const stopped = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    return Promise.race([this.#ask(signal), stopped])
  }

  async #ask(signal: AbortSignal): Promise<Response> {
    const { baseUrl, authorization, fetch, all, position } = this.#options
    const from = this.#last ?? position()
    const query = new URLSearchParams(all ? { all: 'true' } : {})
    if (from !== null) query.set('since', formatCursor(from))
    const headers: Record<string, string> = {
      authorization: await authorization(),
      accept: 'text/event-stream',
    }
    if (this.#last !== undefined) headers['last-event-id'] = formatCursor(this.#last)
    return await fetch(`${baseUrl}/sessions/revoked/stream?${query}`, {
      headers,
      redirect: 'manual',
      signal,
    })
  }

  #watch(stop: () => void): void {
    const { timing } = this.#options
    timing.clearTimer(this.#timer)
    this.#timer = timing.setTimer(stop, silenceMaxMs)
  }

  /** @throws VerifierFault when the event cannot be ours */
  #take(event: StreamEvent): void {
    const { onEntry, onDoubt } = this.#options
    const isReset = event.event === 'reset'
    // A later Curfew may tell more; whether it matters is the pull's to find out.
    if (event.event !== 'message' && !isReset) {
      onDoubt()
      return
    }
    const follows = this.#follows(event.id)
    const entry = isReset ? undefined : readEntry(parse(event.data))
    if (entry === undefined || follows !== true) onDoubt()
    if (follows === undefined || (entry === undefined && !isReset)) {
      throw new VerifierFault('stream_failed', 'An event is no end, or has no position.')
    }
    this.#failures = 0
    if (entry !== undefined) onEntry(entry)
  }

  /** Does the event leave nothing out after what was seen before? Undefined: it has no position. */
  #follows(id: string): boolean | undefined {
    const before = this.#last ?? this.#options.position()
    try {
      const at = readCursor(id)
      this.#last = at
      return before?.epoch === at.epoch && at.seq <= before.seq + 1
    } catch {
      // Chosen outcome: the event is refused, and the stream with it.
      return undefined
    }
  }

  #failed(error: unknown): void {
    if (this.#closing.signal.aborted) return
    this.#failures += 1
    const known = error instanceof VerifierFault
    const message = 'The event stream broke off.'
    this.#options.onFault(
      known ? error : new VerifierFault('stream_failed', message, { cause: error }),
    )
  }

  #waitMs(): number {
    const doubled = retryMinMs * 2 ** Math.min(Math.max(this.#failures - 1, 0), 10)
    return Math.min(doubled, retryMaxMs) * (1 + this.#options.timing.random() / 2)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
