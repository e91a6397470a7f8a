/*
 * How far the feed is known to have come, kept outside of the store (rule 7): a store whose head lies below
 * it, in the same epoch, was restored. It is sealed, since whoever could write a mark of their own could
 * make replicas renew the epoch; to repeat an old one changes nothing, and one that cannot be read is none.
 */
import { defaultTiming, type Timing } from '@curfew/verifier/feed'
import { type Epoch, type FeedCursor, Secret } from '#domain'

/** As much of Redis as is used. */
export interface MarkKeeper {
  readonly keyPrefix: string
  get(key: string): Promise<string | null>
  script(
    script: { readonly text: string },
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown>
}

/** As much of the sealer as is used. */
export interface MarkSealer {
  seal(purpose: 'feed-mark', identity: readonly string[], plaintext: Secret): string
  unseal(
    purpose: 'feed-mark',
    identity: readonly string[],
    sealed: string,
  ): { readonly kind: string; readonly plaintext?: Secret }
}

export interface SharedMarkOptions {
  readonly keeper: MarkKeeper
  readonly sealer: MarkSealer
  /** A mark that another replica left. */
  readonly onMark: (mark: FeedCursor) => void
  readonly timing?: Timing
}

const writeEveryMs = 1000

/** Within an epoch it only rises. `<epoch> <seq> <sealed>`: what is compared can be read, and proves nothing. */
const raise = {
  text: `local kept = redis.call('GET', KEYS[1])
if kept then
  local epoch, seq = string.match(kept, '^(%S+) (%d+) ')
  if epoch == ARGV[1] and tonumber(seq) >= tonumber(ARGV[2]) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
return 1`,
}

export class SharedMark {
  readonly #keeper: MarkKeeper
  readonly #sealer: MarkSealer
  readonly #onMark: (mark: FeedCursor) => void
  readonly #timing: Timing
  readonly #key: string
  #head: FeedCursor | undefined
  #written: FeedCursor | undefined
  #unread = false
  #busy = false
  #closed = false
  #timer: unknown

  constructor({ keeper, sealer, onMark, timing = defaultTiming() }: SharedMarkOptions) {
    this.#keeper = keeper
    this.#sealer = sealer
    this.#onMark = onMark
    this.#timing = timing
    this.#key = `${keeper.keyPrefix}head`
  }

  /** At the start and after each connection: what is kept there is read before anything is written. */
  connected(): void {
    this.#unread = true
    this.#soon(0)
  }

  /** The feed was read up to here; to be called after each read. */
  advanced(head: FeedCursor): void {
    this.#head = head
    if (this.#unread || !isSame(head, this.#written)) this.#soon(writeEveryMs)
  }

  close(): void {
    this.#closed = true
    this.#timing.clearTimer(this.#timer)
  }

  #soon(waitMs: number): void {
    if (this.#busy || this.#closed || this.#timer !== undefined) return
    this.#timer = this.#timing.setTimer(() => {
      this.#timer = undefined
      void this.#keepInStep()
    }, waitMs)
  }

  async #keepInStep(): Promise<void> {
    this.#busy = true
    try {
      if (this.#unread) await this.#read()
      await this.#write()
    } catch {
      // Chosen outcome: the tail goes on without; its next read brings the next attempt.
    }
    this.#busy = false
    // A connection was made meanwhile.
    if (this.#unread) this.#soon(writeEveryMs)
  }

  async #read(): Promise<void> {
    const kept = await this.#keeper.get(this.#key)
    const mark = kept === null ? undefined : this.#open(kept)
    this.#unread = false
    // Whatever stands there now: a Redis that was restarted may have forgotten ours.
    this.#written = undefined
    if (mark !== undefined) this.#onMark(mark)
  }

  async #write(): Promise<void> {
    const head = this.#head
    if (head === undefined || isSame(head, this.#written)) return
    await this.#keeper.script(raise, [this.#key], [head.epoch, String(head.seq), this.#seal(head)])
    this.#written = head
  }

  #seal(head: FeedCursor): string {
    return this.#sealer.seal('feed-mark', [this.#key], new Secret(JSON.stringify(head)))
  }

  #open(kept: string): FeedCursor | undefined {
    const sealed = kept.split(' ')[2]
    if (sealed === undefined) return undefined
    const { plaintext } = this.#sealer.unseal('feed-mark', [this.#key], sealed)
    if (plaintext === undefined) return undefined
    const { epoch, seq } = JSON.parse(plaintext.reveal()) as { epoch: Epoch; seq: number }
    return { epoch, seq }
  }
}

function isSame(one: FeedCursor, other: FeedCursor | undefined): boolean {
  return one.epoch === other?.epoch && one.seq === other.seq
}
