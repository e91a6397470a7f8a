/* Three replicas without sticky routing: under load, one after the other replaced, and a sign-out among them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Reply } from '#test/gateway/wire.ts'
import { eventually } from '#test/harness/index.ts'
import { Chance, seedOfRun } from './rig/chance.ts'
import { type GateReplica, known, type Person, shownTwice } from './rig/gates.ts'
import { useGates } from './rig/use-gates.ts'

// Hints alone can carry an end elsewhere within a test: the next pull is half a minute away.
const revocation = { pullInterval: '30s', maxStaleness: '60s' }
const gates = useGates({ replicas: 3, config: { revocation } })

async function signIns(name: string, count: number): Promise<readonly Person[]> {
  const people: Person[] = []
  for (let index = 0; index < count; index++) {
    people.push(await gates.signIn(`${name}-${index}`, gates.at(index % 3)))
  }
  return people
}

function isRefused({ status }: Reply): boolean {
  return status === 401 || status === 302
}

test('scenarios X06, X07, X10: ten thousand requests over three replicas, as it comes: not one is refused', async () => {
  const chance = new Chance()
  gates.provider.accessSeconds = 2
  const people = await signIns('anywhere', 20)
  const requests = 10_000
  const mayStop = () => asked >= requests && gates.provider.grants.length >= people.length
  const lanes = 48
  let asked = 0
  const statuses = new Map<number, number>()
  const lane = async () => {
    while (!mayStop()) {
      asked += 1
      const page = asked % 2 === 0
      const { status } = await chance.pick(gates.all).ask(chance.pick(people), { page })
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  gates.provider.accessSeconds = 300
  console.log(`${asked} requests, ${gates.provider.grants.length} grants, seed ${seedOfRun}`)
  expect([...statuses.keys()]).toEqual([200])
  expect(shownTwice(gates.provider)).toEqual([])
})

test('scenario X08: signed out at one replica, refused at the others as soon as the hint is there', async () => {
  const people = await signIns('leaving', 9)
  for (const [index, person] of people.entries()) {
    for (const replica of gates.all) expect((await replica.ask(person)).status).toBe(200)
    const there = gates.at(index % 3)
    expect((await there.curfew.api.logout(person.cookie)).status).toBe(200)
    expect((await there.ask(person)).status).toBe(401)
    for (const replica of gates.all) {
      const refused = async () => ((await replica.ask(person)).status === 401 ? true : undefined)
      await eventually(refused, {
        everyMs: 2,
        what: `the end at ${replica.name}`,
      })
      expect((await replica.ask(person)).status).toBe(401)
    }
  }
})

test('scenario X05: all replicas are replaced one after the other under load: nobody is signed out, nobody who was comes back', async () => {
  gates.provider.accessSeconds = 2
  const people = await signIns('rolling', 12)
  const gone = await signIns('signed-out', 4)
  for (const { cookie } of gone)
    expect((await gates.at(0).curfew.api.logout(cookie)).status).toBe(200)
  const balancer = new Balancer(gates.all)
  let over = false
  const wrong: string[] = []
  const seen = { good: 0, refused: 0 }
  const client = async (person: Person, index: number) => {
    while (!over) {
      const reply = await balancer.ask(person, index % 2 === 0)
      if (reply?.status === 200) seen.good += 1
      else wrong.push(`${person.subject}: ${reply?.status} ${reply?.body}`)
      await sleep(5)
    }
  }
  const dead = async (person: Person, index: number) => {
    while (!over) {
      const reply = await balancer.ask(person, index % 2 === 0)
      if (reply !== undefined && isRefused(reply)) seen.refused += 1
      else wrong.push(`${person.subject} has ended: ${reply?.status}`)
      await sleep(20)
    }
  }
  await sleep(200)
  const load = [...people.map(client), ...gone.map(dead)]
  for (const replica of gates.all) {
    await balancer.replace(replica)
    // One more leaves while the others are being replaced.
    const leaver = await gates.signIn(`leaver-${replica.name}`, replica)
    expect((await replica.curfew.api.logout(leaver.cookie)).status).toBe(200)
    load.push(dead(leaver, 0))
  }
  await sleep(300)
  over = true
  await Promise.all(load)
  gates.provider.accessSeconds = 300
  expect(wrong).toEqual([])
  expect(balancer.broken).toEqual([])
  expect(seen.good).toBeGreaterThan(200)
  expect(seen.refused).toBeGreaterThan(20)
  expect(shownTwice(gates.provider)).toEqual([])
})

/** As a load balancer does: takes a replica out and lets it finish, before it is stopped. */
class Balancer {
  readonly #all: readonly GateReplica[]
  readonly #under = new Map<GateReplica, number>()
  #out: GateReplica | undefined
  #turn = 0
  /** Requests that got no answer. */
  readonly broken: string[] = []

  constructor(all: readonly GateReplica[]) {
    this.#all = all
  }

  /** Undefined: there was no answer. */
  async ask(person: Person, page: boolean): Promise<Reply | undefined> {
    const up = this.#all.filter((one) => one !== this.#out)
    this.#turn += 1
    const at = known(up[this.#turn % up.length])
    this.#count(at, 1)
    try {
      return await at.ask(person, { page })
    } catch (error) {
      this.broken.push(`${at.name}: ${String(error)}`)
      return undefined
    } finally {
      this.#count(at, -1)
    }
  }

  async replace(replica: GateReplica): Promise<void> {
    this.#out = replica
    const finished = () => ((this.#under.get(replica) ?? 0) === 0 ? true : undefined)
    await eventually(finished, { everyMs: 5, what: 'the last answer' })
    const { code } = await replica.curfew.stop()
    expect(code).toBe(0)
    await replica.restart()
    this.#out = undefined
  }

  #count(at: GateReplica, by: number): void {
    this.#under.set(at, (this.#under.get(at) ?? 0) + by)
  }
}
