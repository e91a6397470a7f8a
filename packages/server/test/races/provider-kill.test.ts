/*
 * kill -9 of the process that asks the provider, at every step of its way, and one that sleeps. Another one
 * takes over when the lease has run out; what the dead one may have lost is one refresh token, and with it
 * one sign-in.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, expect, test } from 'vitest'
import { eventually } from '#test/harness/index.ts'
import type { Mishap } from '#test/oidc/scriptable-provider.ts'
import { type GateReplica, grantsOf, known, type Person } from './rig/gates.ts'
import { useGates } from './rig/use-gates.ts'

const lifeSeconds = 1
const waiting = 20

// Without grace whoever comes to a session whose tokens have run out waits for whatever becomes of them.
const gates = useGates({ replicas: 2, idp: { timeout: '2s', graceOnFault: '0s' } })
let round = 0
let victim: Person
let bystanders: readonly Person[]

beforeEach(async () => {
  round += 1
  gates.provider.accessSeconds = lifeSeconds
  victim = await gates.signIn(`victim-${round}`)
  bystanders = [await gates.signIn(`other-${round}`), await gates.signIn(`another-${round}`)]
  gates.provider.accessSeconds = 300
  await sleep(lifeSeconds * 1000 + 50)
})

function newest(person: Person): string | undefined {
  return gates.provider.issued.findLast(({ subject }) => subject === person.subject)?.accessToken
}

/** The first replica is killed once `reached`, while others wait; then all that they were told. */
async function killed(
  reached: () => Promise<() => void>,
): Promise<readonly (readonly [number, string])[]> {
  const [doomed, other] = [gates.at(0), gates.at(1)]
  const asked = doomed.ask(victim).catch(() => undefined)
  const letGo = await reached()
  const told = Promise.all(Array.from({ length: waiting }, () => other.ask(victim)))
  await doomed.curfew.kill()
  letGo()
  await Promise.all([othersRefresh(other), asked])
  const replies = await told
  await doomed.restart()
  return replies.map(({ status, headers, body }) => [
    status,
    headers['x-provider-token'] ?? String(JSON.parse(body).code),
  ])
}

/** No other session suffers, wherever it is asked for. */
async function othersRefresh(at: GateReplica): Promise<void> {
  for (const person of bystanders) {
    const reply = await at.ask(person)
    expect(reply.status).toBe(200)
    expect(reply.headers['x-provider-token']).toBe(newest(person))
    expect(grantsOf(gates.provider, person.subject)).toBe(1)
  }
}

async function providerIsAsked(mishap: Mishap): Promise<() => void> {
  gates.provider.scripts.set(victim.subject, [mishap])
  const asked = () => (grantsOf(gates.provider, victim.subject) === 1 ? true : undefined)
  await eventually(asked, { what: 'the grant' })
  return () => gates.provider.release()
}

test('scenario X04: rule 21 lease: killed before the provider did anything: another asks when the lease has run out', async () => {
  const told = await killed(() => providerIsAsked('hang'))
  const token = known(newest(victim))
  expect(told).toEqual(Array(waiting).fill([200, token]))
  expect(grantsOf(gates.provider, victim.subject)).toBe(2)
})

for (const [when, reached] of [
  ['after the provider had rotated', () => providerIsAsked('hang-after-rotation')],
  [
    'with the new tokens in its hands',
    async () => {
      const caught = await gates.at(0).wire.catchRequest('swap_life_provider')
      return () => caught.drop()
    },
  ],
] as const) {
  test(`scenario X04: rule 21 lease: killed ${when}: the session does not end, and one sign-in mends it`, async () => {
    const told = await killed(reached)
    expect(told).toEqual(Array(waiting).fill([401, 'unauthenticated']))
    // Once for the dead one, once to learn that its token is spent, and never again.
    expect(grantsOf(gates.provider, victim.subject)).toBe(2)
    for (const replica of gates.all) {
      const page = await replica.ask(victim, { page: true })
      expect(page.status).toBe(302)
      expect(page.setCookies).toEqual([])
    }
    expect(grantsOf(gates.provider, victim.subject)).toBe(2)
    const [row] = await gates.stage.execute(
      `select revoked_at from sessions where sid = '${victim.sid}'`,
    )
    expect(row).toEqual({ revoked_at: null })
    const again = await gates.signIn(victim.subject)
    for (const replica of gates.all) expect((await replica.ask(again)).status).toBe(200)
  })
}

test('scenario X04: rule 21 lease: killed after its commit, before it knew of it: the other has the new tokens at once', async () => {
  const told = await killed(async () => {
    const caught = await gates.at(0).wire.catchAnswer('swap_life_provider')
    return () => caught.drop()
  })
  expect(told).toEqual(Array(waiting).fill([200, known(newest(victim))]))
  expect(grantsOf(gates.provider, victim.subject)).toBe(1)
})

test('rule 21 lease: whoever learns of its lease only when it has run out sends nothing', async () => {
  const [slept, other] = [gates.at(0), gates.at(1)]
  const caught = slept.wire.catchAnswer('swap_provider')
  const asked = slept.ask(victim)
  const answer = await caught
  // It waits for the lease, then takes its own.
  const reply = await other.ask(victim)
  answer.pass()
  const token = known(newest(victim))
  for (const one of [reply, await asked]) {
    expect(one.status).toBe(200)
    expect(one.headers['x-provider-token']).toBe(token)
  }
  expect(grantsOf(gates.provider, victim.subject)).toBe(1)
})
