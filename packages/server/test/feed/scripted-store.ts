import {
  type FeedEntry,
  type FeedPage,
  type FeedQuery,
  StoreUnavailable,
  type TailRead,
} from '#authority'
import { addMs, type Epoch, type SessionId, sessionIdFrom, type TokenId, toSeconds } from '#domain'
import { t0 } from '#test/domain/sessions.ts'

export function sidOf(n: number): SessionId {
  const random = new Uint8Array(10)
  new DataView(random.buffer).setUint32(6, n * 16)
  return sessionIdFrom(t0, random)
}

/** A store's feed that a test writes; the store can fail, be restored, and prune. */
export class ScriptedStore {
  now = t0
  epoch = 'eaaa' as Epoch
  head = 0
  floor = 0
  keysVersion = 1
  failing = false
  rows: FeedEntry[] = []
  pageRows = 1000
  tails = 0
  pages = 0
  renewals: Epoch[] = []
  /** Called at the start of each page, when the answer is not taken yet. */
  onPage: () => void = () => undefined
  readonly #hints = new Set<() => void>()

  /** Ends the next session, whose tokens live another `expMs`. Its number names its sid. */
  end(expMs = 300_000): FeedEntry {
    this.head += 1
    const row = {
      seq: this.head,
      sid: sidOf(this.head),
      jti: `t${this.head}` as TokenId,
      exp: toSeconds(addMs(this.now, expMs)),
      at: this.now,
    }
    this.rows.push(row)
    return row
  }

  pass(ms: number): void {
    this.now = addMs(this.now, ms)
  }

  pruneTo(floor: number): void {
    this.floor = floor
    this.rows = this.rows.filter(({ seq }) => seq > floor)
  }

  restoreTo(head: number): void {
    this.head = head
    this.rows = this.rows.filter(({ seq }) => seq <= head)
  }

  onHint(listener: () => void): () => void {
    this.#hints.add(listener)
    return () => this.#hints.delete(listener)
  }

  hint(): void {
    for (const listener of this.#hints) listener()
  }

  get hinted(): number {
    return this.#hints.size
  }

  tail(afterSeq: number | null): Promise<TailRead> {
    this.tails += 1
    if (this.failing) return Promise.reject(new StoreUnavailable(new Error('scripted')))
    const rows = this.rows.filter(({ seq }) => seq > (afterSeq ?? 0))
    return Promise.resolve({
      head: { epoch: this.epoch, seq: this.head },
      floor: this.floor,
      entries: rows.slice(0, this.pageRows),
      more: rows.length > this.pageRows,
      now: this.now,
      keysVersion: this.keysVersion,
    })
  }

  page({ position, all, limit }: FeedQuery): Promise<FeedPage> {
    this.pages += 1
    this.onPage()
    if (this.failing) return Promise.reject(new StoreUnavailable(new Error('scripted')))
    const asked = position.kind === 'cursor' ? position.cursor : undefined
    const reset =
      asked !== undefined &&
      (asked.epoch !== this.epoch || asked.seq > this.head || asked.seq < this.floor)
    const from = asked === undefined || reset ? 0 : asked.seq
    const wanted = this.rows.filter(
      ({ seq, exp }) => seq > from && (all || exp > toSeconds(this.now)),
    )
    const entries = wanted.slice(0, limit ?? wanted.length)
    const more = entries.length < wanted.length
    const seq = more ? (entries.at(-1)?.seq ?? from) : this.head
    const head = { epoch: this.epoch, seq: this.head }
    const cursor = { epoch: this.epoch, seq }
    return Promise.resolve({ entries, head, cursor, more, reset, now: this.now })
  }

  renewEpoch(expected: Epoch): Promise<Epoch> {
    this.renewals.push(expected)
    if (expected === this.epoch) this.epoch = `ebbb${this.renewals.length}` as Epoch
    return Promise.resolve(this.epoch)
  }
}
