/*
 * Ends are committed in groups: one transaction takes all that arrived while the previous one committed,
 * because the feed's head is one row and each commit waits for the disk (measured: 1.2 to 4 times the
 * rate of plain autocommit, 5 to 20 times that of one transaction with feed for each end).
 *
 *   idle -> writing (the first order came) -> writing the next group … -> idle (nobody waits)
 */
import type { EndOrder, EndResult } from '#authority'
import type { SessionId } from '#domain'
import { wasUndone } from './failures.ts'

const ordersPerGroupMax = 512

export type WriteEnds = (orders: readonly EndOrder[]) => Promise<ReadonlyMap<SessionId, EndResult>>

interface Waiting {
  readonly order: EndOrder
  resolve(result: EndResult): void
  reject(error: unknown): void
}

export interface EndWriters {
  readonly group: WriteEnds
  /** For one order, after its group was undone. */
  readonly alone: WriteEnds
  /** After each group that ended something. */
  committed(): void
}

export class EndQueue {
  readonly #writers: EndWriters
  #waiting: Waiting[] = []
  #writing: Promise<void> | undefined

  constructor(writers: EndWriters) {
    this.#writers = writers
  }

  end(order: EndOrder): Promise<EndResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ order, resolve, reject })
      this.#writing ??= this.#writeAll()
    })
  }

  /** Resolves when nobody waits any more. */
  async idle(): Promise<void> {
    await this.#writing
  }

  async #writeAll(): Promise<void> {
    // Whoever asks within this turn belongs to the first group.
    await new Promise(setImmediate)
    while (this.#waiting.length > 0) {
      await this.#writeGroup(this.#waiting.splice(0, ordersPerGroupMax))
    }
    this.#writing = undefined
  }

  async #writeGroup(waiting: readonly Waiting[]): Promise<void> {
    const shares = bySid(waiting)
    const orders = [...shares.values()].map(([leader]) => leader.order)
    try {
      const results = await this.#writers.group(orders)
      for (const share of shares.values()) this.#answer(share, results)
    } catch (error) {
      const alone = orders.length > 1 && wasUndone(error)
      const shared = [...shares.values()]
      if (alone) await Promise.all(shared.map((share) => this.#writeAlone(share)))
      else for (const { reject } of waiting) reject(error)
    }
  }

  async #writeAlone(share: Share): Promise<void> {
    try {
      this.#answer(share, await this.#writers.alone([share[0].order]))
    } catch (error) {
      for (const { reject } of share) reject(error)
    }
  }

  #answer([leader, ...others]: Share, results: ReadonlyMap<SessionId, EndResult>): void {
    const result = results.get(leader.order.sid) ?? { kind: 'unknown' }
    leader.resolve(result)
    for (const other of others) other.resolve(afterwards(result))
    if (result.kind === 'ended') this.#writers.committed()
  }
}

/** The orders for one session: the leader's is carried out. */
type Share = readonly [Waiting, ...Waiting[]]

/** An order to end it anyway goes before one that only ends it when it has run out. */
function bySid(waiting: readonly Waiting[]): ReadonlyMap<SessionId, Share> {
  const shares = new Map<SessionId, Share>()
  for (const one of waiting) {
    const share = shares.get(one.order.sid)
    if (share === undefined) shares.set(one.order.sid, [one])
    else if (share[0].order.guard === 'expired' && one.order.guard === 'live') {
      shares.set(one.order.sid, [one, ...share])
    } else shares.set(one.order.sid, [...share, one])
  }
  return shares
}

function afterwards(result: EndResult): EndResult {
  return result.kind === 'ended' ? { kind: 'already', end: result.recorded.end } : result
}
