import { NextRead, type WatchStore } from '#authority'
import type { AdminDeps } from './deps.ts'

/** Counting a million sessions takes the store some 60 ms: so seldom is it asked, however many look. */
const countedForMs = 10_000

interface Counted {
  readonly at: number
  readonly counts: Counts
}

export interface Counts {
  readonly live: number
  readonly started: number
  readonly ended: number
  readonly waiting: number
  readonly givenUp: number
}

/** The few numbers on top of a console, at most ten seconds old. */
export class Overview {
  readonly #deps: { readonly admin: AdminDeps }
  readonly #monotonic: () => number
  readonly #reads = new NextRead<Counts>()
  #counted: Counted | undefined

  constructor(deps: { readonly admin: AdminDeps }, monotonic: () => number) {
    this.#deps = deps
    this.#monotonic = monotonic
  }

  /** @throws StoreUnavailable */
  async counts(): Promise<Counts> {
    const known = this.#counted
    if (known !== undefined && this.#monotonic() - known.at < countedForMs) return known.counts
    const at = this.#monotonic()
    const counts = await this.#reads.run('counts', () => this.#read())
    this.#counted = { at, counts }
    return counts
  }

  async #read(): Promise<Counts> {
    const { effects, system } = this.#deps.admin
    const [live, hour, kinds] = await Promise.all([
      system.countUnended(),
      system.activity({ stepMinutes: 1, steps: 60 }),
      effects.countEffects(),
    ])
    return {
      live,
      started: happened(hour.counts, 'started'),
      ended: happened(hour.counts, 'ended'),
      waiting: kinds.reduce((sum, one) => sum + one.waiting, 0),
      givenUp: kinds.reduce((sum, one) => sum + one.givenUp, 0),
    }
  }
}

type Happened = Awaited<ReturnType<WatchStore['activity']>>['counts']

function happened(counts: Happened, kind: 'started' | 'ended'): number {
  return counts.reduce((sum, one) => sum + (one.kind === kind ? one.count : 0), 0)
}
