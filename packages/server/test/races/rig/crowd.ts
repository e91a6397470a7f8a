/*
 * Load: users who sign in, use, refresh and sign out at random, each one thing at a time, over whatever
 * breaks under them. A request without an answer is repeated like an honest client would: the same refresh
 * token again, the same logout again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually, freshUid } from '#test/harness/index.ts'
import { Chance } from './chance.ts'
import type { Verdict } from './history.ts'
import type { Held, Replica, Witness } from './witness.ts'

export type CrowdOptions = {
  readonly witness: Witness
  readonly users: number
  /** Where requests go; may change while the crowd runs, when a replica has been restarted. */
  readonly replicas: () => readonly Replica[]
  readonly seed: number
}

export type Crowd = {
  /** Resolves when so many more of its requests are over, answered or not: how soon is the machine's business. */
  work(acts: number): Promise<void>
  /** The clients that have not been told of an end of their session. */
  held(): readonly Held[]
  /** No new requests; resolves when the last one is over. */
  stop(): Promise<void>
  /** All still work: by the API, by refresh, or were ended by one of our own requests. */
  verify(): Promise<void>
}

const devices = ['app', 'web', 'fleet'] as const

export function startCrowd({ witness, users, replicas, seed }: CrowdOptions): Crowd {
  const people = Array.from({ length: users }, (_, index) => new Person(witness, seed + index))
  let over = false
  const living = people.map(async (person) => {
    while (!over) await person.act(replicas)
  })
  const held = (): readonly Held[] => people.flatMap((person) => person.helds)
  return {
    work: async (acts) => {
      const { history } = witness
      const due = history.acts.length + acts
      await eventually(() => history.acts.length >= due || undefined, { what: `${acts} acts` })
    },
    held,
    stop: async () => {
      over = true
      await Promise.all(living)
    },
    verify: async () => {
      for (const person of people) await person.verify(replicas)
    },
  }
}

class Person {
  readonly #witness: Witness
  readonly #chance: Chance
  readonly #uid = freshUid('crowd')
  helds: Held[] = []

  constructor(witness: Witness, seed: number) {
    this.#witness = witness
    this.#chance = new Chance(seed)
  }

  async act(replicas: () => readonly Replica[]): Promise<void> {
    const at = this.#chance.pick(replicas())
    const { verdict } = await this.#any(at)
    // Whoever gets no answer waits a little; else a broken server is asked thousands of times.
    if (verdict === 'unknown') await sleep(60 + this.#chance.below(120))
  }

  async #any(at: Replica): Promise<{ readonly verdict: Verdict }> {
    if (this.helds.length === 0 || (this.helds.length < 4 && this.#chance.maybe(0.25))) {
      return this.#signIn(at)
    }
    const held = this.#chance.pick(this.helds)
    const dice = this.#chance.next()
    if (dice < 0.35) return this.#witness.use(at, held, this.#chance.pick(['session', 'access']))
    if (dice < 0.7) return this.#refresh(at, held)
    if (dice < 0.95) return this.#signOut(at, held)
    return this.#everywhere(at, held)
  }

  async #signIn(at: Replica): Promise<{ readonly verdict: Verdict }> {
    const device = this.#chance.pick(devices)
    const { act, held } = await this.#witness.start(at, { uid: this.#uid, device })
    // Whether or not there was an answer: the class may hold one session alone.
    if (device === 'app') this.helds = this.helds.filter((one) => one.device !== 'app')
    if (held !== undefined) this.helds.push(held)
    return act
  }

  async #refresh(at: Replica, held: Held): Promise<{ readonly verdict: Verdict }> {
    const { act, held: next } = await this.#witness.refresh(at, held)
    this.helds = this.helds.map((one) => (one === held ? next : one))
    return act
  }

  async #signOut(at: Replica, held: Held): Promise<{ readonly verdict: Verdict }> {
    const act = await this.#witness.logout(at, held, this.#chance.pick(['session', 'access']))
    if (act.verdict === 'accepted') this.#forget(held)
    return act
  }

  /** Without an answer nobody knows; a person who is not sure forgets all and signs in anew. */
  async #everywhere(at: Replica, held: Held): Promise<{ readonly verdict: Verdict }> {
    const act = await this.#witness.logoutAll(at, held)
    this.helds = []
    return act
  }

  #forget(held: Held): void {
    this.helds = this.helds.filter((one) => one !== held)
  }

  async verify(replicas: () => readonly Replica[]): Promise<void> {
    for (const held of this.helds) {
      const at = this.#chance.pick(replicas())
      const used = await this.#witness.use(at, held)
      const { act } = await this.#witness.refresh(at, held)
      if (used.verdict === 'unknown' || act.verdict === 'unknown') {
        throw new Error(`no answer after the recovery: ${used.status}, ${act.status}`)
      }
    }
    await this.#witness.census(this.#chance.pick(replicas()), this.#uid)
  }
}
