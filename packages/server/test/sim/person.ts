/* Somebody who does one thing at a time. What each does next is drawn from a seed of their own. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Chance } from '#test/races/rig/chance.ts'
import type { Verdict } from '#test/races/rig/history.ts'
import type { Witness } from '#test/races/rig/witness.ts'
import type { Balancer } from './balancer.ts'
import type { GateWitness } from './gate-witness.ts'
import type { TownReplica } from './town.ts'
import type { VerifierWitness } from './verifier-witness.ts'

export type Eyes = {
  readonly witness: Witness
  readonly gate: GateWitness
  readonly verifiers: readonly VerifierWitness[]
  readonly balancer: Balancer
}

export type Done = { readonly verdict: Verdict }

/** By its weight among the others. */
export type Habit<Actor> = readonly [weight: number, act: (actor: Actor) => Promise<Done>]

export abstract class Person<Actor> {
  readonly eyes: Eyes
  readonly chance: Chance
  readonly uid: string
  readonly #habits: readonly Habit<Actor>[]
  readonly #total: number

  constructor(
    eyes: Eyes,
    who: { readonly uid: string; readonly seed: number },
    habits: readonly Habit<Actor>[],
  ) {
    this.eyes = eyes
    this.uid = who.uid
    this.chance = new Chance(who.seed)
    this.#habits = habits
    this.#total = habits.reduce((sum, [weight]) => sum + weight, 0)
  }

  protected abstract self(): Actor

  /** All that is known of what is theirs is looked at once more, when everything is whole. */
  abstract verify(): Promise<void>

  async act(): Promise<void> {
    const { verdict } = await this.#drawn()(this.self())
    // Whoever gets no answer waits a little; else a broken server is asked thousands of times.
    if (verdict === 'unknown') await sleep(30 + this.chance.below(90))
  }

  #drawn(): Habit<Actor>[1] {
    let dice = this.chance.next() * this.#total
    for (const [weight, act] of this.#habits) {
      dice -= weight
      if (dice < 0) return act
    }
    throw new Error('nobody does nothing')
  }

  /** Asks a replica, and remembers whether it answered. */
  async ask<Answered extends Done>(
    request: (replica: TownReplica) => Promise<Answered>,
    replica = this.eyes.balancer.pick(this.chance),
  ): Promise<Answered> {
    const answered = await request(replica)
    this.eyes.balancer.heard(replica, answered.verdict)
    return answered
  }
}
