/*
 * A round: people who act while a plan is carried out, then everything is made whole, looked at once more,
 * and judged. Rounds follow each other over the same town, each with people of its own, so that memory and
 * the search for a culprit stay small.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Chance } from '#test/races/rig/chance.ts'
import { type FeedPart, History, line } from '#test/races/rig/history.ts'
import { accusation, type Bounds, judge, type Violation } from '#test/races/rig/judge.ts'
import { feedSince, type Handed, Witness } from '#test/races/rig/witness.ts'
import { Balancer } from './balancer.ts'
import { Browsers } from './browsers.ts'
import { Devices } from './devices.ts'
import { FeedFollower } from './feed-follower.ts'
import { GateWitness } from './gate-witness.ts'
import type { Eyes } from './person.ts'
import { type Fault, planFaults } from './plan.ts'
import { Needles, placesOf } from './readable.ts'
import { maxStalenessMs, providerTimeoutMs, pullIntervalMs, type Town } from './town.ts'
import { Troublemaker } from './troublemaker.ts'
import { VerifierWitness } from './verifier-witness.ts'
import { shortcomings, type Tally, tallyOf } from './worth.ts'

const answerWithinMs = 2500
/** Two busy cores: a read, an event, a timer. */
const slackMs = 2500
const lookAgainMs = 500

const bounds: Bounds = {
  usualMs: pullIntervalMs + slackMs,
  longestMs: maxStalenessMs,
  recoveryMs: 6000,
  // What arrives is written down by a busy process.
  silentGrantMs: providerTimeoutMs - 500,
}

export type RoundOrder = {
  readonly seed: number
  readonly operations: number
  /** On the average one fault in so many operations; 0: none. */
  readonly faultEvery: number
  readonly people: number
  /** Over earlier than after so many operations, once the verdict rests on enough: for tests. */
  readonly withinMs?: number
}

export type RoundReport = {
  readonly seed: number
  readonly tally: Tally
  /** Those that struck: all that were planned, unless time ran out. */
  readonly faults: readonly Fault[]
  readonly violations: readonly Violation[]
  /** The violations with all that happened to those concerned; empty: sound. */
  readonly accusation: string
  readonly tookMs: number
}

/** Whoever watches a town over many rounds. */
export class Watch {
  readonly #town: Town
  readonly #eyes: Eyes
  readonly #follower: FeedFollower
  readonly #needles: Needles
  #cursor: string

  private constructor(
    town: Town,
    eyes: Eyes,
    seen: { readonly needles: Needles; readonly cursor: string },
  ) {
    this.#town = town
    this.#eyes = eyes
    const { needles, cursor } = seen
    this.#needles = needles
    this.#cursor = cursor
    this.#follower = new FeedFollower(eyes.balancer, new Chance(1), cursor)
    this.#follower.start()
  }

  static async over(town: Town): Promise<Watch> {
    const needles = new Needles()
    const history = new History()
    const handed: Handed = (what, secret) => needles.add(what, secret)
    const options = { history, answerWithinMs, handed }
    const witness = new Witness(options)
    const [a, b] = town.replicas
    if (a === undefined || b === undefined) throw new Error('a town has more replicas')
    const verifiers = await Promise.all([
      VerifierWitness.open(town, history, { replica: a, overRedis: false }),
      VerifierWitness.open(town, history, { replica: b, overRedis: true }),
    ])
    const gate = new GateWitness(town, options)
    const balancer = new Balancer(town.replicas)
    const cursor = await a.api.head()
    return new Watch(town, { witness, gate, verifiers, balancer }, { needles, cursor })
  }

  async round(order: RoundOrder): Promise<RoundReport> {
    const began = performance.now()
    const { history } = this.#eyes.witness
    const { faults, wholeAt } = await this.#live(order)
    const feeds = await this.#feeds()
    history.grants.push(...this.#town.provider.records.splice(0))
    const violations = [...judge(history, feeds, bounds), ...unrecovered(history, wholeAt)]
    const report: RoundReport = {
      ...{ seed: order.seed, tally: tallyOf(history), faults, violations },
      accusation: violations.length === 0 ? '' : accusation(history, violations, order.seed),
      tookMs: performance.now() - began,
    }
    this.#remember()
    return report
  }

  /** Looks for everything that was ever handed out, wherever it may not stand. */
  async readable(): Promise<{ readonly looked: number; readonly found: readonly Violation[] }> {
    const found: Violation[] = []
    for await (const [place, text] of placesOf(this.#town)) {
      for (const name of this.#needles.in(text)) {
        found.push({ kind: 'readable', about: name, why: `${name} stands in ${place}` })
      }
    }
    return { looked: this.#needles.count, found }
  }

  async close(): Promise<void> {
    await this.#follower.stop()
    for (const verifier of this.#eyes.verifiers) verifier.close()
  }

  async #live(order: RoundOrder): Promise<Lived> {
    const { seed, operations, withinMs = Number.POSITIVE_INFINITY } = order
    const { acts } = this.#eyes.witness.history
    const people = crowd(this.#eyes, order)
    const replicas = this.#town.replicas.length
    const coming = [...planFaults({ seed, operations, every: order.faultEvery, replicas })]
    const struck: Fault[] = []
    const troublemaker = new Troublemaker(this.#town, this.#eyes.witness.history, seed)
    const enough = this.#enough(withinMs)
    const isOver = (): boolean => {
      for (; coming[0] !== undefined && acts.length >= coming[0].at; coming.shift()) {
        struck.push(coming[0])
        troublemaker.strike(coming[0])
      }
      return acts.length >= operations || enough(struck.length)
    }
    await Promise.all(
      people.map(async (person) => {
        while (!isOver()) await person.act()
      }),
    )
    await troublemaker.whole()
    await sleep(bounds.usualMs)
    const wholeAt = performance.now()
    await Promise.all(people.map((person) => person.verify()))
    return { faults: struck, wholeAt }
  }

  /** A busy machine gets more time, four times as much at the most. */
  #enough(withinMs: number): (faults: number) => boolean {
    const { history } = this.#eyes.witness
    let due = performance.now() + withinMs
    const latest = due + 3 * withinMs
    let over = false
    return (faults) => {
      if (over || performance.now() < due) return over
      due += lookAgainMs
      over = due > latest || shortcomings(tallyOf(history), faults).length === 0
      return over
    }
  }

  /** As it stands now, and as the reader saw it that followed all the time. */
  async #feeds(): Promise<readonly FeedPart[]> {
    const [replica] = this.#town.replicas
    if (replica === undefined) throw new Error('a town has replicas')
    const whole = await feedSince(replica, this.#cursor)
    this.#cursor = whole.cursor
    for (let looks = 0; this.#follower.cursor !== whole.cursor && looks < 200; looks++)
      await sleep(50)
    return [whole, this.#follower.part()]
  }

  #remember(): void {
    const { history } = this.#eyes.witness
    const { provider } = this.#town
    for (const { accessToken, refreshToken } of provider.issued.splice(0)) {
      this.#needles.add("a provider's access token", accessToken)
      this.#needles.add("a provider's refresh token", refreshToken)
    }
    for (const list of [provider.accessTokens, provider.grants, provider.grantsOf]) list.length = 0
    history.restart()
  }
}

type Lived = { readonly faults: readonly Fault[]; readonly wholeAt: number }

/** Where nothing is broken any more, whoever asks the store is answered. */
function unrecovered({ acts }: History, wholeAt: number): readonly Violation[] {
  return acts.flatMap((act): readonly Violation[] => {
    const asksStore = act.kind === 'refresh' || (act.kind === 'use' && act.fromMemory !== true)
    if (!asksStore || act.from < wholeAt || act.verdict !== 'unknown') return []
    return [{ kind: 'not-recovered', about: act.sid, why: `everything is whole: ${line(act)}` }]
  })
}

/** One in four comes with a browser. */
function crowd(eyes: Eyes, { seed, people }: RoundOrder): readonly (Devices | Browsers)[] {
  return Array.from({ length: people }, (_, index) => {
    const own = seed * 1000 + index
    return index % 4 === 0
      ? new Browsers(eyes, { subject: `s${seed}-${index}`, seed: own })
      : new Devices(eyes, { uid: `u${seed}-${index}`, seed: own })
  })
}
