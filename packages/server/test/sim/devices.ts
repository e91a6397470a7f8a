/*
 * A person with devices of all three classes, whose backend signs them in. They use, refresh and end their
 * sessions at random; a request without an answer is repeated as an honest client would. What is dead they
 * show again and again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { EndAllAct, RefreshAct, UseAct } from '#test/races/rig/history.ts'
import type { Held } from '#test/races/rig/witness.ts'
import { type Done, type Eyes, type Habit, Person } from './person.ts'
import type { TownReplica } from './town.ts'

const classes = ['app', 'web', 'pc', 'fleet'] as const
/** When everything is whole, an answer comes, however busy the machine is. */
const patientMs = 20_000
const heldMax = 5
const deadMax = 6
/** Of each session: refresh tokens whose successors were used. */
const spentMax = 3
/** Between the fence and the sign-in somebody types a password. */
const typingMsMax = 400

export class Devices extends Person<Devices> {
  helds: readonly Held[] = []
  dead: readonly Held[] = []
  #spent: readonly Held[] = []
  #disabled = false

  constructor(eyes: Eyes, who: { readonly uid: string; readonly seed: number }) {
    super(eyes, who, habits)
  }

  protected self(): Devices {
    return this
  }

  async verify(): Promise<void> {
    const { gate, balancer } = this.eyes
    const witness = this.eyes.witness.waiting(patientMs)
    for (const held of this.helds) {
      await witness.use(balancer.pick(this.chance), held)
      if (held.refreshToken !== '') await witness.refresh(balancer.pick(this.chance), held)
    }
    for (const held of this.dead) {
      for (const replica of balancer.all) {
        await gate.ask(replica, { sid: held.sid, bearer: held.accessToken })
      }
      await witness.use(balancer.pick(this.chance), held)
    }
    await witness.census(balancer.pick(this.chance), this.uid)
  }

  async signIn(): Promise<Done> {
    if (this.#disabled && this.chance.maybe(0.6)) return this.enable()
    if (this.helds.length >= heldMax) return this.use()
    const device = this.chance.pick(classes)
    return this.#start(device, undefined)
  }

  /** The fence is captured before a password is asked for; much may happen in between. */
  async slowSignIn(): Promise<Done> {
    const { witness } = this.eyes
    const replica = this.eyes.balancer.pick(this.chance)
    const fence = await witness.fence(replica, this.uid).catch(() => undefined)
    if (fence === undefined) return { verdict: 'unknown' }
    const typing = sleep(this.chance.below(typingMsMax))
    const meanwhile = this.chance.maybe(0.5) ? this.everywhere() : undefined
    await typing
    const started = await this.#start(this.chance.pick(classes), fence)
    await meanwhile
    return started
  }

  async #start(
    device: string,
    fence: { readonly value: number; readonly till: number } | undefined,
  ): Promise<Done> {
    const wish = { uid: this.uid, device, ...(fence === undefined ? {} : { fence }) }
    const { held, verdict } = await this.ask(async (replica) => {
      const started = await this.eyes.witness.start(replica, wish)
      return { held: started.held, verdict: started.act.verdict }
    })
    // Whatever was sent meanwhile by this person is not done yet: only what came before is superseded.
    if (device === 'app' && verdict === 'accepted') {
      this.#bury(this.helds.filter((one) => one.device === 'app'))
    }
    if (held !== undefined) this.helds = [...this.helds, held]
    return { verdict }
  }

  async use(): Promise<Done> {
    const held = this.#any()
    if (held === undefined) return this.signIn()
    return this.#heard(held, await this.ask((replica) => this.#show(replica, held)))
  }

  async #show(replica: TownReplica, held: Held): Promise<UseAct> {
    const { witness, gate, verifiers } = this.eyes
    const dice = this.chance.next()
    if (dice < 0.3) return witness.use(replica, held)
    if (dice < 0.45) return witness.use(replica, held, 'access')
    if (dice < 0.55) return witness.introspect(replica, held)
    if (dice < 0.85) return gate.ask(replica, { sid: held.sid, bearer: held.accessToken })
    return this.chance.pick(verifiers).check(held)
  }

  async refresh(): Promise<Done> {
    const held = this.#refreshable()
    if (held === undefined) return this.use()
    return this.ask(async (replica) => {
      const { act, held: next } = await this.eyes.witness.refresh(replica, held)
      return this.#turned(held, next, [act])
    })
  }

  /** The same token twice at once, through different replicas. */
  async refreshTwice(): Promise<Done> {
    const held = this.#refreshable()
    if (held === undefined) return this.use()
    const { witness, balancer } = this.eyes
    const both = await Promise.all(
      balancer.pickTwo(this.chance).map((replica) => witness.refresh(replica, held)),
    )
    const next = both.find(({ act }) => act.successor !== undefined)?.held ?? held
    return this.#turned(
      held,
      next,
      both.map(({ act }) => act),
    )
  }

  /** A client that hangs up before the answer, and asks another replica. */
  async refreshUnheard(): Promise<Done> {
    const held = this.#refreshable()
    if (held === undefined) return this.use()
    const { witness, balancer } = this.eyes
    const [first, second] = balancer.pickTwo(this.chance)
    const lost = await witness.waiting(1 + this.chance.below(12)).refresh(first, held)
    const { act, held: next } = await witness.refresh(second, held)
    return this.#turned(held, act.successor === undefined ? lost.held : next, [lost.act, act])
  }

  #turned(held: Held, next: Held, acts: readonly RefreshAct[]): Done {
    const [act] = acts.toSorted((one, other) => rank(one) - rank(other))
    if (next !== held) {
      this.helds = this.helds.map((one) => (one === held ? next : one))
      this.#spent = [...this.#spent, held].slice(-spentMax)
    }
    return this.#heard(held, act ?? { verdict: 'unknown' })
  }

  /** A thief comes with a token whose successor was used long ago. */
  async replay(): Promise<Done> {
    const spent = this.#spent[0]
    const held = this.helds.find(({ sid }) => sid === spent?.sid)
    const used =
      spent !== undefined && this.#spent.some((one) => one.sid === spent.sid && one !== spent)
    if (spent === undefined || held === undefined || !used) return this.refresh()
    return this.#gone(held, await this.ask((replica) => this.eyes.witness.replay(replica, spent)))
  }

  async logout(): Promise<Done> {
    const held = this.#any()
    if (held === undefined) return this.signIn()
    const ways = held.refreshToken === '' ? (['session', 'access'] as const) : anyWay
    const how = this.chance.pick(ways)
    return this.#gone(
      held,
      await this.ask((replica) => this.eyes.witness.logout(replica, held, how)),
    )
  }

  async killed(): Promise<Done> {
    const held = this.#any()
    if (held === undefined) return this.signIn()
    return this.#gone(
      held,
      await this.ask((replica) => this.eyes.witness.adminRevoke(replica, held)),
    )
  }

  async everywhere(): Promise<Done> {
    const held = this.#any()
    if (held === undefined) return this.signIn()
    const known = this.helds
    const act = await this.ask((replica) => this.eyes.witness.logoutAll(replica, held))
    return this.#allGone(act, known)
  }

  async others(): Promise<Done> {
    const held = this.#any()
    if (held === undefined) return this.signIn()
    const known = this.helds.filter(({ sid }) => sid !== held.sid)
    const act = await this.ask((replica) => this.eyes.witness.logoutAll(replica, held, 'others'))
    return this.#allGone(act, known)
  }

  async revoked(): Promise<Done> {
    const known = this.helds
    const act = await this.ask((replica) => this.eyes.witness.revokeUser(replica, this.uid))
    return this.#allGone(act, known)
  }

  async disable(): Promise<Done> {
    const known = this.helds
    const act = await this.ask((replica) => this.eyes.witness.disable(replica, this.uid))
    // Without an answer it may be so, too.
    this.#disabled = true
    return this.#allGone(act, known)
  }

  async enable(): Promise<Done> {
    const act = await this.ask((replica) => this.eyes.witness.enable(replica, this.uid))
    if (act.verdict === 'accepted') this.#disabled = false
    return act
  }

  census(): Promise<Done> {
    return this.ask((replica) => this.eyes.witness.census(replica, this.uid))
  }

  /** What is dead stays dead, wherever it is shown. */
  async haunt(): Promise<Done> {
    const held = this.dead[this.chance.below(this.dead.length)]
    if (held === undefined) return this.use()
    return this.ask(async (replica) => {
      if (held.refreshToken === '' || this.chance.maybe(0.75)) return this.#show(replica, held)
      return (await this.eyes.witness.refresh(replica, held)).act
    })
  }

  async forge(): Promise<Done> {
    const held = this.#any()
    if (held === undefined) return this.signIn()
    const replica = this.eyes.balancer.pick(this.chance)
    const middle = 12 + this.chance.below(held.sessionToken.length - 20)
    const token = this.chance.maybe(0.5) ? held.sessionToken : held.accessToken
    const other = token[middle] === 'A' ? 'B' : 'A'
    await this.eyes.gate.forge(replica, token.slice(0, middle) + other + token.slice(middle + 1))
    return { verdict: 'refused' }
  }

  #any(): Held | undefined {
    return this.helds[this.chance.below(this.helds.length)]
  }

  #refreshable(): Held | undefined {
    const able = this.helds.filter(({ refreshToken }) => refreshToken !== '')
    return able[this.chance.below(able.length)]
  }

  #heard<Answered extends Done>(held: Held, act: Answered): Answered {
    // Refused, too: whether rightly is for the judge to say.
    if (act.verdict === 'ended' || act.verdict === 'refused') this.#bury([held])
    return act
  }

  async #gone(held: Held, act: Done): Promise<Done> {
    if (act.verdict === 'unknown') return act
    this.#bury([held])
    // At once, and mostly elsewhere: what was acknowledged holds everywhere where the store is asked.
    if (!this.chance.maybe(0.4)) return act
    return this.ask((replica) => this.eyes.witness.use(replica, held))
  }

  #allGone(act: EndAllAct, known: readonly Held[]): Done {
    if (act.verdict === 'accepted') this.#bury(known)
    return act
  }

  #bury(helds: readonly Held[]): void {
    const sids = new Set(helds.map(({ sid }) => sid))
    this.dead = [...this.dead, ...this.helds.filter(({ sid }) => sids.has(sid))].slice(-deadMax)
    this.helds = this.helds.filter(({ sid }) => !sids.has(sid))
    this.#spent = this.#spent.filter(({ sid }) => !sids.has(sid))
  }
}

const anyWay = ['session', 'access', 'refresh'] as const

/** The answer that says most comes first. */
function rank({ verdict }: RefreshAct): number {
  return verdict === 'accepted' ? 0 : verdict === 'unknown' ? 2 : 1
}

const habits: readonly Habit<Devices>[] = [
  [9, (person) => person.signIn()],
  [2, (person) => person.slowSignIn()],
  [34, (person) => person.use()],
  [14, (person) => person.refresh()],
  [6, (person) => person.refreshTwice()],
  [4, (person) => person.refreshUnheard()],
  [1, (person) => person.replay()],
  [6, (person) => person.logout()],
  [2, (person) => person.killed()],
  [1, (person) => person.everywhere()],
  [1, (person) => person.others()],
  [0.5, (person) => person.revoked()],
  [0.5, (person) => person.disable()],
  [2, (person) => person.census()],
  [15, (person) => person.haunt()],
  [1, (person) => person.forge()],
]
