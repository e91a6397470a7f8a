/* The end of a session while its tokens are being refreshed: it stays dead, and what came back goes back. */
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { clients, eventually } from '#test/harness/index.ts'
import { type GateReplica, granted, grantsOf, known, type Person, shownTwice } from './rig/gates.ts'
import { useGates } from './rig/use-gates.ts'

const lifeSeconds = 1

const ends = {
  'POST /logout with the cookie': (at: GateReplica, { cookie }: Person) =>
    at.curfew.api.logout(cookie),
  'an admin': (at: GateReplica, { sid }: Person) =>
    at.curfew.api.post(`/sessions/${sid}/revoke`, { as: clients.operator }),
  'disabling the user': (at: GateReplica, { subject }: Person) =>
    at.curfew.api.post(`/users/main:${subject}/disable`, { as: clients.operator }),
  'the back channel': (at: GateReplica, person: Person) => signOutAtProvider(at, person),
}
const places = [
  ['where the grant was asked', 0],
  ['elsewhere', 1],
] as const
const cases = Object.entries(ends).flatMap(([how, end], index) =>
  places.map(([where, place]) => ({ how, where, end, place, subject: `case-${index}-${place}` })),
)

// The second provider revokes the whole grant, whichever of its tokens is shown to it.
const gates = useGates({ replicas: 2, secondIdp: { preset: 'google' } })
const people = new Map<string, readonly Person[]>()

beforeAll(async () => {
  gates.provider.accessSeconds = lifeSeconds
  const others = ['in-between', 'stopped', 'finished', 'hung-up']
  for (const subject of [...cases.map((one) => one.subject), ...others]) {
    gates.provider.sid = sidOf(subject)
    people.set(subject, [await gates.signIn(subject)])
  }
  const twins = [await signInAtSecond('twins'), await signInAtSecond('twins')]
  people.set('twins', twins)
  gates.provider.accessSeconds = 300
  await sleep(lifeSeconds * 1000 + 50)
})

function signInAtSecond(subject: string): Promise<Person> {
  return gates.signIn(subject, gates.at(0), granted)
}

function sidOf(subject: string): string {
  return `of ${subject} at the provider`
}

/** Their tokens have run out. */
function expired(subject: string): Person {
  return known(people.get(subject)?.[0])
}

/** The provider has rotated, and keeps its answer for itself. */
async function asked({ subject }: Person, times = 1): Promise<void> {
  const issued = () => gates.provider.issued.filter((one) => one.subject === subject).length
  const rotated = () => (issued() === times ? true : undefined)
  await eventually(rotated, { what: 'the grant' })
}

/** Dead everywhere, for whoever asks, and at the provider; the only grant was the one under way. */
async function expectDead(person: Person): Promise<void> {
  for (const replica of gates.all) {
    const dead = async () => ((await replica.ask(person)).status === 401 ? true : undefined)
    await eventually(dead, { what: `the end at ${replica.name}` })
    for (let again = 0; again < 5; again++) {
      expect((await replica.ask(person)).status).toBe(401)
      expect((await replica.ask(person, { page: true })).status).toBe(302)
    }
  }
  expect(grantsOf(gates.provider, person.subject)).toBe(1)
}

function returned({ subject }: Person): string {
  const { issued } = gates.provider
  return known(issued.find((one) => one.subject === subject)).refreshToken
}

async function signOutAtProvider(at: GateReplica, person: Person) {
  const token = await gates.provider.logoutToken({ sid: sidOf(person.subject) })
  return at.curfew.api.post('/oidc/backchannel-logout', { form: { logout_token: token } })
}

test.each(cases)(
  'scenario R28: rule 21 lease: ended by $how, $where: it stays dead, and what came back is revoked',
  async ({ subject, end, place }) => {
    const person = expired(subject)
    gates.provider.scripts.set(person.subject, ['hang-after-rotation'])
    const [winner, other] = [gates.at(0), gates.at(1)]
    const asking = [winner.ask(person), winner.ask(person, { page: true }), other.ask(person)]
    await asked(person)
    expect((await end(gates.at(place), person)).status).toBe(200)
    gates.provider.release()
    const statuses = (await Promise.all(asking)).map(({ status }) => status)
    expect(statuses).toEqual([401, 302, 401])
    await expect.poll(() => gates.provider.revoked).toContain(returned(person))
    await expectDead(person)
    expect(shownTwice(gates.provider)).toEqual([])
  },
)

test('scenario R28: rule 2 no way back: ended between the decision to store the tokens and its commit', async () => {
  const person = expired('in-between')
  const caught = gates.at(0).wire.catchRequest('swap_life_provider')
  const asking = gates.at(0).ask(person)
  const between = await caught
  expect((await gates.at(1).curfew.api.logout(person.cookie)).status).toBe(200)
  between.pass()
  expect((await asking).status).toBe(401)
  await expect.poll(() => gates.provider.revoked).toContain(returned(person))
  await expectDead(person)
})

test('scenario R28: what came back is revoked also when the process is told to stop meanwhile', async () => {
  const person = expired('stopped')
  gates.provider.scripts.set(person.subject, ['hang-after-rotation'])
  const asking = gates
    .at(0)
    .ask(person)
    .catch(() => undefined)
  await asked(person)
  expect((await gates.at(1).curfew.api.logout(person.cookie)).status).toBe(200)
  gates.provider.revocationLatencyMs = 300
  const stopping = gates.at(0).curfew.stop()
  gates.provider.release()
  await asking
  expect((await stopping).code).toBe(0)
  gates.provider.revocationLatencyMs = 0
  // By whichever replica: it was written down before the process went.
  await expect.poll(() => gates.provider.revoked, { timeout: 20_000 }).toContain(returned(person))
  await gates.at(0).restart()
  await expectDead(person)
})

test('scenario D10: a grant under way is finished and stored before a process that is told to stop goes', async () => {
  const person = expired('finished')
  gates.provider.scripts.set(person.subject, ['hang-after-rotation'])
  const asking = gates.at(0).ask(person)
  await asked(person)
  const stopping = gates.at(0).curfew.stop()
  await sleep(200)
  gates.provider.release()
  const last = await asking
  expect(last.status).toBe(200)
  // The proxy must not send the next request where nobody listens any more.
  expect(last.headers['connection']).toBe('close')
  expect((await stopping).code).toBe(0)
  const reply = await gates.at(1).ask(person)
  expect(reply.status).toBe(200)
  expect(grantsOf(gates.provider, person.subject)).toBe(1)
  await gates.at(0).restart()
})

test('scenario R12: whoever caused the grant hangs up: it goes on, and the others have its tokens', async () => {
  const person = expired('hung-up')
  gates.provider.scripts.set(person.subject, ['hang-after-rotation'])
  const leaving = new AbortController()
  const left = gates
    .at(0)
    .ask(person, { signal: leaving.signal })
    .catch(() => 'gone')
  await asked(person)
  leaving.abort()
  expect(await left).toBe('gone')
  const staying = [gates.at(0).ask(person), gates.at(1).ask(person)]
  gates.provider.release()
  const replies = await Promise.all(staying)
  expect(replies.map(({ status }) => status)).toEqual([200, 200])
  expect(grantsOf(gates.provider, person.subject)).toBe(1)
})

test('rule 22 siblings: what came back for a dead session is revoked when no sibling lives, and not before', async () => {
  const twins = known(people.get('twins'))
  for (const [index, person] of twins.entries()) {
    gates.provider.scripts.set('twins', ['hang-after-rotation'])
    const asking = gates.at(index % 2).ask(person)
    await asked(person, index + 1)
    expect((await gates.at(1).curfew.api.logout(person.cookie)).status).toBe(200)
    gates.provider.release()
    expect((await asking).status).toBe(401)
    if (index === 0) {
      const kept = async () => {
        // What the row held, and what came back: two effects, each carried out by either replica.
        const siblings = 'curfew_provider_revocation_total{result="siblings"}'
        const counted = await Promise.all(gates.all.map((one) => one.metric(siblings)))
        return counted.reduce((sum, one) => sum + one, 0) === 2 ? true : undefined
      }
      await eventually(kept, { what: 'the revocation that was left out' })
      expect(gates.provider.revoked).not.toContain(returned(person))
    }
  }
  const last = gates.provider.issued.findLast(({ subject }) => subject === 'twins')
  await expect.poll(() => gates.provider.revoked).toContain(known(last).refreshToken)
})
