/*
 * A provider at fault ends nothing: tokens that are good serve, then those that have just run out, then
 * 503; nobody is asked to sign in, no cookie is cleared, and nothing needs a restart afterwards.
 */
import { beforeEach, expect, test } from 'vitest'
import type { Reply } from '#test/gateway/wire.ts'
import { eventually } from '#test/harness/index.ts'
import type { Mishap } from '#test/oidc/scriptable-provider.ts'
import { grantsOf, known, type Person } from './rig/gates.ts'
import { useGates } from './rig/use-gates.ts'

const lifeMs = 300_000
const graceMs = 300_000
/** Longer than any back-off. */
const restMs = 60_000

const gates = useGates({ replicas: 2, clock: true, idp: { timeout: '1500ms', graceOnFault: '5m' } })
let round = 0
let person: Person

beforeEach(async () => {
  round += 1
  person = await gates.signIn(`person-${round}`)
})

/** Half of them pages, which a sign-in could interrupt, spread over the replicas. */
function crowd(size: number): Promise<readonly Reply[]> {
  return Promise.all(
    Array.from({ length: size }, (_, index) =>
      gates.at(index % 2).ask(person, { page: index % 4 < 2 }),
    ),
  )
}

function expectAll(replies: readonly Reply[], status: number): void {
  expect(replies.map((reply) => reply.status)).toEqual(replies.map(() => status))
  expect(replies.flatMap(({ setCookies }) => setCookies)).toEqual([])
}

const grants = () => grantsOf(gates.provider, person.subject)
const tokens = (replies: readonly Reply[]) =>
  new Set(replies.map(({ headers }) => headers['x-provider-token']))
const newest = () =>
  gates.provider.issued.findLast(({ subject }) => subject === person.subject)?.accessToken

/** From good tokens over the grace into 503, and back. */
async function atFault(): Promise<void> {
  const [before] = tokens(await crowd(4))
  await gates.pass(lifeMs)
  for (let again = 0; again < 2; again++) {
    const served = await crowd(20)
    expectAll(served, 200)
    expect(tokens(served)).toEqual(new Set([before]))
  }
  await gates.pass(graceMs)
  const refused = await crowd(20)
  expectAll(refused, 503)
  for (const { headers } of refused) {
    expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1)
  }
}

async function refreshesAgain(): Promise<void> {
  await gates.pass(restMs)
  const served = await crowd(20)
  expectAll(served, 200)
  expect(tokens(served)).toEqual(new Set([known(newest())]))
}

const faults: readonly (readonly [string, Mishap])[] = [
  ['503', { status: 503 }],
  ['429 with Retry-After', { status: 429, headers: { 'retry-after': '3' } }],
  ['no answer in time', 'hang'],
  ['a reset connection', 'reset'],
  ['invalid_client', { status: 401, error: 'invalid_client' }],
  ['an error of its own', { status: 400, error: 'server_is_tired' }],
]

test.each(faults)(
  'scenarios R09, R10: %s ends nothing: served while good, then 503, then refreshed without a restart',
  async (_what, mishap) => {
    gates.provider.scripts.set(person.subject, Array(100).fill(mishap))
    await atFault()
    // At each step one replica asked, and the other one heard of it; never a crowd.
    expect(grants()).toBeLessThanOrEqual(4)
    gates.provider.scripts.delete(person.subject)
    gates.provider.release()
    await refreshesAgain()
  },
)

test('scenarios R09, R10: a provider that nobody can reach ends nothing', async () => {
  await gates.provider.close()
  await atFault()
  await gates.provider.listen()
  await refreshesAgain()
  expect(grants()).toBe(1)
})

test('scenario X03: a replica that cannot learn where the provider is, or has no keys of it, hinders nobody for long', async () => {
  const cold = gates.at(1)
  Object.assign(gates.provider, { discoveryStatus: 503, keysStatus: 503 })
  await cold.curfew.kill()
  cold.curfew = await cold.curfew.restart()
  const [before] = tokens(await crowd(4))
  await gates.pass(lifeMs)
  const late = await cold.ask(person)
  expect(late.status).toBe(200)
  expect(late.headers['x-provider-token']).toBe(before)
  expect(grants()).toBe(0)
  const refreshed = async () => {
    const { status, headers } = await gates.at(0).ask(person)
    expect(status).toBe(200)
    return headers['x-provider-token'] === before ? undefined : true
  }
  await eventually(refreshed, { what: 'the refresh by the other replica' })
  expect((await cold.ask(person)).headers['x-provider-token']).toBe(newest())
  gates.provider.discoveryStatus = 200
  await gates.pass(lifeMs)
  // Keys that cannot be fetched cost no token: it is stored, and the identity stays as it was known.
  const itself = async () => {
    const { status, headers } = await cold.ask(person)
    expect(status).toBe(200)
    expect(headers['x-user']).toBe(`main:${person.subject}`)
    return headers['x-provider-token'] === newest() && grants() === 2 ? true : undefined
  }
  await eventually(itself, { what: 'the refresh by the cold replica' })
  gates.provider.keysStatus = 200
  await gates.pass(lifeMs)
  expect((await cold.ask(person)).headers['x-provider-token']).toBe(newest())
  expect(grants()).toBe(3)
})

test.each<readonly [string, Mishap]>([
  ['a provider that is down', { status: 503 }],
  ['an error of this session alone', { status: 400, error: 'server_is_tired' }],
])(
  'scenario R24: %s is asked ever less often, however much the session is used',
  async (_what, mishap) => {
    const other = await gates.signIn(`other-${round}`)
    gates.provider.scripts.set(person.subject, Array(100).fill(mishap))
    await gates.pass(lifeMs)
    for (let second = 0; second < 180; second += 10) {
      expectAll(await crowd(8), 200)
      await gates.pass(10_000)
    }
    // After 1, 2, 4 … 30 seconds, each replica for itself; there was time for one at each of 18 steps.
    expect(grants()).toBeLessThanOrEqual(14)
    gates.provider.scripts.delete(person.subject)
    await refreshesAgain()
    expect((await gates.at(0).ask(other)).headers['x-provider-token']).toBeDefined()
  },
)

test('scenario R24: a provider whose tokens have run out when they come is not asked at every request', async () => {
  gates.provider.accessSeconds = 0
  try {
    await gates.pass(lifeMs)
    const from = performance.now()
    let asked = 0
    while (performance.now() - from < 1500) {
      expectAll(await crowd(4), 200)
      asked += 4
    }
    const windows = Math.ceil((performance.now() - from) / 1000) + 1
    expect(asked).toBeGreaterThan(windows)
    expect(grants()).toBeLessThanOrEqual(windows)
  } finally {
    gates.provider.accessSeconds = 300
  }
})

test('scenarios R07, R08: rule 21 lease: invalid_grant with fifty waiting is one call; that session ends, and no other', async () => {
  const other = await gates.signIn(`other-${round}`)
  gates.provider.scripts.set(person.subject, [{ status: 400, error: 'invalid_grant' }])
  gates.provider.latencyMs = 200
  try {
    await gates.pass(lifeMs)
    const replies = await crowd(50)
    const pages = replies.filter((_, index) => index % 4 < 2)
    const scripts = replies.filter((_, index) => index % 4 >= 2)
    expectAll(pages, 302)
    for (const { headers } of pages) expect(headers['location']).toContain('/login?')
    expectAll(scripts, 401)
    for (const { body } of scripts) {
      expect(JSON.parse(body)).toMatchObject({
        code: 'session_ended',
        revoked_reason: 'idp_refused',
      })
    }
    expect(grants()).toBe(1)
  } finally {
    gates.provider.latencyMs = 0
  }
  const reply = await gates.at(1).ask(other)
  expect(reply.status).toBe(200)
  expect(grantsOf(gates.provider, other.subject)).toBe(1)
})
