/* Which replica a client asks: any of them, but seldom one that has just left somebody without an answer. */
import type { Chance } from '#test/races/rig/chance.ts'
import type { Verdict } from '#test/races/rig/history.ts'
import type { TownReplica } from './town.ts'

const avoidedForMs = 800
const avoidedShare = 0.85

export class Balancer {
  readonly #replicas: readonly TownReplica[]
  readonly #silentAt = new Map<string, number>()

  constructor(replicas: readonly TownReplica[]) {
    this.#replicas = replicas
  }

  get all(): readonly TownReplica[] {
    return this.#replicas
  }

  pick(chance: Chance): TownReplica {
    const since = performance.now() - avoidedForMs
    const good = this.#replicas.filter(({ name }) => (this.#silentAt.get(name) ?? 0) < since)
    const careful = good.length > 0 && chance.maybe(avoidedShare)
    return chance.pick(careful ? good : this.#replicas)
  }

  /** Two that are not the same, for one request sent twice. */
  pickTwo(chance: Chance): readonly [TownReplica, TownReplica] {
    const one = this.pick(chance)
    return [one, chance.pick(this.#replicas.filter((other) => other !== one))]
  }

  heard({ name }: TownReplica, verdict: Verdict): void {
    if (verdict === 'unknown') this.#silentAt.set(name, performance.now())
  }
}
