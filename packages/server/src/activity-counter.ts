/*
 * What happens, counted in memory and added to the store's table every few seconds. Nothing of it stands
 * in a request's way: a count is one addition to a map, and a store that is away costs the counts of that
 * while. So does a crash; what a chart shows may be a little too low, and is never too high.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { ActivityCount, ActivityKind, WatchStore } from '#authority'
import { endReasons } from '#domain'

/**
 * Whoever may end sessions may give any reason, and each is a row a minute for a week: so many of those in an
 * hour have their own, the others are counted as `other`.
 */
const ownReasonsMax = 20
const ownReasonsKeptMs = 3_600_000
const known: ReadonlySet<string> = new Set(['', ...Object.values(endReasons)])
const flushMs = 5000
const stopMsMax = 1000

export class ActivityCounter {
  #counts = new Map<string, ActivityCount>()
  readonly #ownReasons = new Set<string>()
  #store: Pick<WatchStore, 'addActivity'> | undefined
  #timer: NodeJS.Timeout | undefined
  #forgetting: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  #dropped = 0

  /** How many were counted and never written. */
  get dropped(): number {
    return this.#dropped
  }

  /** What is noted before waits until there is a store. */
  start(store: Pick<WatchStore, 'addActivity'>): void {
    this.#store = store
    this.#timer = setInterval(() => void this.flush(), flushMs).unref()
    this.#forgetting = setInterval(() => this.#ownReasons.clear(), ownReasonsKeptMs).unref()
  }

  note(kind: ActivityKind, detail = ''): void {
    const named = this.#named(detail)
    const key = `${kind} ${named}`
    const count = (this.#counts.get(key)?.count ?? 0) + 1
    this.#counts.set(key, { kind, detail: named, count })
  }

  /** Never rejects. One write at a time; meanwhile more is counted. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  /** A store that does not answer holds up no shutdown. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    clearInterval(this.#forgetting)
    await Promise.race([this.flush(), pause(stopMsMax, undefined, { ref: false })])
  }

  #named(detail: string): string {
    if (known.has(detail) || this.#ownReasons.has(detail)) return detail
    if (this.#ownReasons.size >= ownReasonsMax) return 'other'
    this.#ownReasons.add(detail)
    return detail
  }

  async #write(): Promise<void> {
    if (this.#store === undefined || this.#counts.size === 0) return
    const counts = [...this.#counts.values()]
    this.#counts = new Map()
    try {
      await this.#store.addActivity(counts)
    } catch {
      // Chosen outcome: they are lost. Written or not, nobody knows; twice would be worse.
      this.#dropped += counts.reduce((sum, { count }) => sum + count, 0)
    }
  }
}
