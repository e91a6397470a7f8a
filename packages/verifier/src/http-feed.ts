import { VerifierFault } from './errors.ts'
import { formatCursor, readCursor, readEntry } from './feed-entry.ts'
import type { FeedPosition, FeedRead, FeedSource, SourceEntry } from './feed-source.ts'
import { readJson } from './http-answer.ts'
import type { ServerClock } from './server-clock.ts'

export interface HttpFeedOptions {
  readonly baseUrl: string
  readonly authorization: () => Promise<string>
  readonly fetch: typeof fetch
  readonly clock: ServerClock
  /** Ask for every end, also of sessions whose tokens have all expired? For signals that outlive theirs. */
  readonly all: () => boolean
  /** A question is about to be asked. */
  readonly onAsk: () => void
}

/** One page has at most so many entries, of 109 bytes each. */
const pageEntriesMax = 5000
const answerBytesMax = 2_097_152

/** `GET /sessions/revoked` as a source of ends. Its entries carry no numbers; their order does. */
export class HttpFeed implements FeedSource {
  readonly #options: HttpFeedOptions

  constructor(options: HttpFeedOptions) {
    this.#options = options
  }

  async read(after: FeedPosition | null, signal: AbortSignal): Promise<FeedRead> {
    const { clock, fetch, authorization, onAsk } = this.#options
    const headers = { authorization: await authorization(), accept: 'application/json' }
    const askedAt = clock.instants()
    onAsk()
    const response = await this.#reached(() =>
      fetch(this.#url(after), { headers, redirect: 'manual', signal }),
    )
    const body = await this.#reached(() => readJson(response, answerBytesMax))
    const nowSeconds = readNow(response.headers)
    const read = readPage(body, response.headers, nowSeconds, after)
    // An answer that nobody waits for any more must not move the clock.
    signal.throwIfAborted()
    clock.observe(nowSeconds, askedAt)
    return read
  }

  #url(after: FeedPosition | null): string {
    const query = new URLSearchParams({ limit: String(pageEntriesMax) })
    if (after !== null) query.set('since', formatCursor(after))
    if (this.#options.all()) query.set('all', 'true')
    return `${this.#options.baseUrl}/sessions/revoked?${query}`
  }

  async #reached<Value>(act: () => Promise<Value>): Promise<Value> {
    try {
      return await act()
    } catch (error) {
      if (error instanceof VerifierFault) throw error
      const message = `The feed at ${this.#options.baseUrl} cannot be reached.`
      throw new VerifierFault('feed_unreachable', message, { cause: error })
    }
  }
}

function readNow(headers: Headers): number {
  const now = headers.get('curfew-now') ?? ''
  if (!/^[1-9]\d{8,10}$/.test(now)) {
    throw new VerifierFault('feed_malformed', 'The answer has no Curfew-Now: is this Curfew?')
  }
  return Number(now)
}

function readPage(
  body: unknown,
  headers: Headers,
  nowSeconds: number,
  after: FeedPosition | null,
): FeedRead {
  if (!Array.isArray(body)) throw malformed('The answer is no list.')
  const { epoch, seq } = readCursor(headers.get('curfew-cursor'))
  const reset = headers.get('curfew-reset') === 'true'
  const more = headers.get('curfew-more') === 'true'
  // Otherwise it starts over, which is the reader's to judge.
  const follows = !reset && after?.epoch === epoch && seq >= after.seq
  return {
    epoch,
    headSeq: seq,
    nextSeq: seq,
    entries: numbered(body, follows ? after.seq : 0, seq),
    more,
    reset,
    nowMs: nowSeconds * 1000,
  }
}

/** Their numbers lie above the position and end where the page leads; which exactly is of no interest. */
function numbered(body: readonly unknown[], from: number, to: number): SourceEntry[] {
  if (body.length > to - from) throw malformed('The page has more entries than numbers.')
  return body.map((value, index) => {
    const entry = readEntry(value)
    if (entry === undefined) throw malformed('An entry of the page is none.')
    return { seq: to - body.length + 1 + index, sid: entry.sid, keepUntilSeconds: entry.exp }
  })
}

function malformed(message: string): VerifierFault {
  return new VerifierFault('feed_malformed', message)
}
