import type { Verifier } from '#authority'
import type { FeedCursor, Instant } from '#domain'

export type Reader = Pick<Verifier, 'clientId' | 'address' | 'userAgent'>

/** Whoever did not pull for so long follows no longer. */
const pullerKeptMs = 600_000
/** Of those who pull; event streams have limits of their own. */
const pullersMax = 200

/** One that reads by an event stream. */
export interface StreamReader {
  readonly reader: Reader | undefined
  cursor: FeedCursor | null
  /** It has all there is, and waits for the next end. */
  waits: boolean
}

/** Who reads the feed at this process, and how far. */
export class VerifiersSeen {
  /** In the order in which they were seen, the longest ago first. */
  readonly #pullers = new Map<string, Verifier>()
  readonly #streams = new Set<StreamReader>()

  pulled(reader: Reader | undefined, cursor: FeedCursor, seenAt: Instant): void {
    if (reader === undefined) return
    const key = JSON.stringify([reader.clientId, reader.address, reader.userAgent])
    this.#pullers.delete(key)
    this.#pullers.set(key, { ...reader, via: 'pull', cursor, seenAt })
    const [oldest] = this.#pullers.keys()
    if (this.#pullers.size > pullersMax && oldest !== undefined) this.#pullers.delete(oldest)
  }

  /** `close` when the stream ends. */
  streams(reader: Reader | undefined): StreamReader & { close(): void } {
    const close = () => void this.#streams.delete(own)
    const own = { reader, cursor: null as FeedCursor | null, waits: false, close }
    this.#streams.add(own)
    return own
  }

  /** `head`: up to where this process has read, and so a stream that waits. */
  list(now: Instant, head: FeedCursor | null): readonly Verifier[] {
    for (const [key, { seenAt }] of this.#pullers) {
      if (now - seenAt > pullerKeptMs) this.#pullers.delete(key)
    }
    const streams = [...this.#streams].flatMap(({ reader, cursor, waits }): Verifier[] => {
      if (reader === undefined) return []
      const at = waits ? (head ?? cursor) : cursor
      return [{ ...reader, via: 'stream', cursor: at, seenAt: now }]
    })
    return [...this.#pullers.values(), ...streams]
  }
}
