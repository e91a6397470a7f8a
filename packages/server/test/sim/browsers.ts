/* A person with browsers, who signs in at the provider and whom forward auth is asked about. */
import type { Act } from '#test/races/rig/history.ts'
import type { Held } from '#test/races/rig/witness.ts'
import type { Visit } from './gate-witness.ts'
import { type Done, type Eyes, type Habit, Person } from './person.ts'

const visitsMax = 3
const deadMax = 5

export class Browsers extends Person<Browsers> {
  visits: readonly Visit[] = []
  dead: readonly Visit[] = []
  readonly #subject: string

  constructor(eyes: Eyes, who: { readonly subject: string; readonly seed: number }) {
    super(eyes, { uid: `main:${who.subject}`, seed: who.seed }, habits)
    this.#subject = who.subject
  }

  protected self(): Browsers {
    return this
  }

  async verify(): Promise<void> {
    const { gate, balancer, witness } = this.eyes
    for (const visit of this.visits) await gate.ask(balancer.pick(this.chance), visit)
    for (const visit of this.dead) {
      for (const replica of balancer.all) await gate.ask(replica, visit)
    }
    await witness.census(balancer.pick(this.chance), this.uid)
  }

  async signIn(): Promise<Done> {
    if (this.visits.length >= visitsMax) return this.open()
    return this.ask(async (replica) => {
      const { act, visit } = await this.eyes.gate.signIn(replica, this.#subject)
      if (visit !== undefined) this.visits = [...this.visits, visit]
      return act
    })
  }

  async open(): Promise<Done> {
    const visit = this.#any()
    if (visit === undefined) return this.signIn()
    const act = await this.ask((replica) => this.eyes.gate.ask(replica, visit))
    if (act.verdict === 'ended' || act.verdict === 'refused') this.#bury([visit])
    return act
  }

  async logout(): Promise<Done> {
    const visit = this.#any()
    if (visit === undefined) return this.signIn()
    return this.#gone(visit, await this.ask((at) => this.eyes.witness.logout(at, heldOf(visit))))
  }

  async killed(): Promise<Done> {
    const visit = this.#any()
    if (visit === undefined) return this.signIn()
    return this.#gone(
      visit,
      await this.ask((at) => this.eyes.witness.adminRevoke(at, heldOf(visit))),
    )
  }

  async revoked(): Promise<Done> {
    const known = this.visits
    const act = await this.ask((replica) => this.eyes.witness.revokeUser(replica, this.uid))
    if (act.verdict === 'accepted') this.#bury(known)
    return act
  }

  async haunt(): Promise<Done> {
    const visit = this.dead[this.chance.below(this.dead.length)]
    if (visit === undefined) return this.open()
    return this.ask((replica) => this.eyes.gate.ask(replica, visit))
  }

  #any(): Visit | undefined {
    return this.visits[this.chance.below(this.visits.length)]
  }

  #gone(visit: Visit, act: Done & Pick<Act, 'kind'>): Done {
    if (act.verdict !== 'unknown') this.#bury([visit])
    return act
  }

  #bury(visits: readonly Visit[]): void {
    this.dead = [...this.dead, ...visits].slice(-deadMax)
    this.visits = this.visits.filter((one) => !visits.includes(one))
  }
}

/** The cookie is good for `POST /logout`, too. */
function heldOf({ sid, uid, cookie }: Visit): Held {
  return { sid, uid, device: 'web', accessToken: '', sessionToken: cookie, refreshToken: '' }
}

const habits: readonly Habit<Browsers>[] = [
  [6, (person) => person.signIn()],
  [60, (person) => person.open()],
  [4, (person) => person.logout()],
  [2, (person) => person.killed()],
  [1, (person) => person.revoked()],
  [15, (person) => person.haunt()],
]
