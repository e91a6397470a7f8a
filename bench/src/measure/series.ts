import type { Window } from './contestant.ts'
import { ascending, percentile, type Spread, spreadOf } from './statistics.ts'

/** All windows of one contestant, in the order of the rounds. */
export class Series {
  readonly name: string
  readonly windows: Window[] = []

  constructor(name: string) {
    this.name = name
  }

  get perSecond(): Spread {
    return spreadOf(this.#rates())
  }

  /** Of all acts of all windows, in microseconds. */
  latencyUs(share: number): number {
    const all = this.windows.flatMap((window) => window.latenciesUs)
    return percentile(all.sort(ascending), share)
  }

  /** Processor time of one act, in microseconds; undefined where nobody counted it. */
  cpuUsPerAct(whose: string): Spread | undefined {
    const each = this.windows.flatMap(({ cpuUs, allActs }) => {
      const used = cpuUs?.[whose]
      return used === undefined ? [] : [used / allActs]
    })
    return each.length === 0 ? undefined : spreadOf(each)
  }

  /** Rate against rate of the same round: what the host does to a round, it does to both. */
  ratioTo(other: Series): Spread {
    const others = other.#rates()
    return spreadOf(this.#rates().map((rate, round) => rate / (others[round] ?? Number.NaN)))
  }

  /** How much less processor time one act takes than one of the other, in the same round. */
  thriftAgainst(other: Series, whose: string): Spread {
    const others = other.#costs(whose)
    return spreadOf(this.#costs(whose).map((cost, round) => (others[round] ?? Number.NaN) / cost))
  }

  #costs(whose: string): number[] {
    return this.windows.map(({ cpuUs, allActs }) => (cpuUs?.[whose] ?? Number.NaN) / allActs)
  }

  #rates(): number[] {
    return this.windows.map(({ acts, seconds }) => acts / seconds)
  }
}
