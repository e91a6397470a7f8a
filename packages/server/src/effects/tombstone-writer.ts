/*
 * Writes the tombstones of all ends once more, in the order of the feed: whoever ended a session writes one
 * at once, and may die between its commit and that. One cursor for the whole installation says how far
 * the feed has been seen to, so an end costs no row of its own (docs/decisions/0018).
 *
 *   idle -> leased (one replica at a time) -> writing page by page -> idle
 */
import type { CursorStore, FeedEntry, FeedStore, TailRead, Tombstones } from '#authority'
import type { EffectSignals } from './courier.ts'

export interface TombstoneWriterOptions {
  readonly store: CursorStore & Pick<FeedStore, 'tail'>
  readonly tombstones: Tombstones
  readonly owner: string
  readonly signals: Pick<EffectSignals, 'disturbed'>
}

const everyMs = 2000
const leaseMs = 30_000
/** No snapshot lives nearly that long (rule 5); older ends need no tombstone. */
const ageMsMax = 3_600_000
const cursorName = 'tombstones'

export class TombstoneWriter {
  readonly #options: TombstoneWriterOptions
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #stopped = false

  constructor(options: TombstoneWriterOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = setInterval(() => this.attend(), everyMs)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#timer)
    await this.#writing
  }

  /** Writes what the feed has and Redis may not; resolves when there is nothing left to do. */
  attend(): Promise<void> {
    this.#writing ??= this.#writeAll()
      .catch((error: unknown) => this.#options.signals.disturbed(error))
      .finally(() => {
        this.#writing = undefined
      })
    return this.#writing
  }

  async #writeAll(): Promise<void> {
    while (!this.#stopped && (await this.#writePage()));
  }

  /** True: more follows. */
  async #writePage(): Promise<boolean> {
    const { store, tombstones, owner } = this.#options
    const cursor = await store.leaseCursor(cursorName, { owner, leaseMs })
    if (cursor === undefined) return false
    const page = await store.tail(cursor.seq)
    const { epoch, seq: head } = page.head
    // Redis has been configured just now and holds nothing yet: what ended before is not in it.
    if (cursor.epoch === null) {
      await store.moveCursor(cursorName, { owner, epoch, seq: head })
      return false
    }
    if (cursor.epoch !== epoch) {
      // Another history: from its beginning, as far as it is kept.
      await store.moveCursor(cursorName, { owner, epoch, seq: 0 })
      return true
    }
    const entries = recent(page)
    if (entries.length > 0) await tombstones.write(epoch, entries)
    const seq = page.more ? (page.entries.at(-1)?.seq ?? head) : head
    if (seq !== cursor.seq) await store.moveCursor(cursorName, { owner, epoch, seq })
    return page.more
  }
}

function recent({ entries, now }: TailRead): readonly FeedEntry[] {
  return entries.filter(({ at }) => at > now - ageMsMax)
}
