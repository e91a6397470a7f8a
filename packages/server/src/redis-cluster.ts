import keySlot from 'cluster-key-slot'
import { nameOf } from './redis-address.ts'
import type { RedisAddress, Reply } from './redis-client.ts'
import { RedisLink } from './redis-link.ts'
import {
  findSlots,
  type Redirection,
  redirection,
  type SlotRange,
  slotsTotal,
} from './redis-slots.ts'
import { RedisUnavailable } from './redis-unavailable.ts'

export interface ClusterOptions {
  /** Some nodes. The others are reached with the same user, password and TLS. */
  readonly seeds: readonly [RedisAddress, ...RedisAddress[]]
  readonly commandMs: number
  readonly onUp?: () => void
  readonly onDown?: (why: Error) => void
}

/** Slots move when nodes come, go or fail; whoever asks the wrong node is told, a dead one tells nothing. */
const refreshEveryMs = 15_000
/** When something seems wrong, at most so often. */
const refreshSoonMs = 1000

/** A cluster: one link for each master that has slots, and a map of the slots that is kept in step. */
export class RedisCluster {
  readonly #options: ClusterOptions
  readonly #links = new Map<string, RedisLink>()
  readonly #slots = new Array<string | undefined>(slotsTotal)
  #masters: readonly RedisAddress[] = []
  #timer: NodeJS.Timeout | undefined
  #refreshedAt = Number.NEGATIVE_INFINITY
  #refreshing = false
  #doubted = false
  #up = false
  #closed = false

  constructor(options: ClusterOptions) {
    this.#options = options
    void this.#refresh()
  }

  /** Some master can be asked. */
  get ready(): boolean {
    return this.#living().length > 0
  }

  get resting(): boolean {
    return [...this.#links.values()].some((link) => link.resting)
  }

  /** Where nodes are believed to be, for those that need any of them. */
  get nodes(): readonly RedisAddress[] {
    return [...this.#masters, ...this.#options.seeds]
  }

  /**
   * To the node that has the key's slot; without a key to any. A node that sends us on is believed once.
   *
   * @throws RedisUnavailable
   */
  async send(args: readonly string[], key?: string): Promise<Reply> {
    try {
      return await this.#linkFor(key).send(args)
    } catch (error) {
      this.#refreshSoon()
      const elsewhere = redirection(error)
      if (elsewhere === undefined) throw error
      return await this.#follow(elsewhere, args)
    }
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    for (const link of this.#links.values()) link.close()
    this.#links.clear()
  }

  #linkFor(key: string | undefined): RedisLink {
    const name = key === undefined ? undefined : this.#slots[keySlot(key)]
    const link = key === undefined ? this.#living()[0] : this.#links.get(name ?? '')
    if (link === undefined) throw new RedisUnavailable('offline')
    return link
  }

  #living(): readonly RedisLink[] {
    return [...this.#links.values()].filter((link) => link.ready && !link.resting)
  }

  async #follow({ kind, slot, to }: Redirection, args: readonly string[]): Promise<Reply> {
    const link = this.#links.get(to)
    if (link === undefined) throw new RedisUnavailable('offline')
    if (kind === 'ASK') return await link.sendAsking(args)
    this.#slots[slot] = to
    return await link.send(args)
  }

  #refreshSoon(): void {
    this.#doubted = true
    if (!this.#refreshing) this.#schedule(this.#refreshedAt + refreshSoonMs - performance.now())
  }

  #schedule(inMs: number): void {
    clearTimeout(this.#timer)
    if (this.#closed) return
    this.#timer = setTimeout(() => void this.#refresh(), Math.max(inMs, 0))
  }

  async #refresh(): Promise<void> {
    this.#refreshing = true
    this.#doubted = false
    const nextMs = await this.#renewMap()
    this.#refreshing = false
    this.#refreshedAt = performance.now()
    // Something went wrong after this map was asked for.
    this.#schedule(this.#doubted ? refreshSoonMs : nextMs)
  }

  /** Answers when to ask again. */
  async #renewMap(): Promise<number> {
    try {
      const found = await findSlots(this.#living(), this.nodes)
      if (!this.#closed) this.#take(found)
      return refreshEveryMs
    } catch (error) {
      // Chosen outcome: the old map stays in force; its nodes answer, or are found to be away.
      if (!this.ready) this.#options.onDown?.(error as Error)
      return refreshSoonMs
    }
  }

  #take(ranges: readonly SlotRange[]): void {
    const [like] = this.#options.seeds
    const masters = new Map<string, RedisAddress>()
    this.#slots.fill(undefined)
    for (const { from, to, host, port } of ranges) {
      const name = nameOf({ host, port })
      masters.set(name, { ...like, host, port })
      this.#slots.fill(name, from, to + 1)
    }
    this.#masters = [...masters.values()]
    for (const [name, link] of this.#links) {
      if (masters.has(name)) continue
      link.close()
      this.#links.delete(name)
    }
    for (const [name, address] of masters) {
      if (!this.#links.has(name)) this.#links.set(name, this.#open(address))
    }
  }

  #open(address: RedisAddress): RedisLink {
    return new RedisLink({
      where: async () => address,
      commandMs: this.#options.commandMs,
      onUp: () => this.#changed(undefined),
      onDown: (why) => this.#changed(why),
    })
  }

  /** One node more, or one less: the cluster is up as long as one is. */
  #changed(why: Error | undefined): void {
    if (why !== undefined) this.#refreshSoon()
    const up = [...this.#links.values()].some((link) => link.ready)
    if (up === this.#up) return
    this.#up = up
    if (up) this.#options.onUp?.()
    else this.#options.onDown?.(why ?? new Error('no master is connected'))
  }
}
