/* Forward auth is use: it moves the idle expiry, is written seldom, and not lost while the store is away. */
import { expect, test } from 'vitest'
import { asNumber, eventually } from '#test/harness/index.ts'
import type { Person } from './rig/gates.ts'
import { useGates } from './rig/use-gates.ts'

const minuteMs = 60_000
const gates = useGates({
  replicas: 2,
  clock: true,
  config: {
    sessions: { devices: { web: { idleTtl: '10m' } } },
    revocation: { maxStaleness: '30s' },
  },
})

async function rowOf({ sid }: Person) {
  const [row] = await gates.stage.execute(
    `select version, last_seen_at, idle_expires_at from sessions where sid = '${sid}'`,
  )
  const number = (name: string) => asNumber(Number(row?.[name]), name)
  return { version: number('version'), lastSeenAt: number('last_seen_at') }
}

function longLived(): void {
  gates.provider.accessSeconds = 36_000
}

async function seenSince(person: Person, { lastSeenAt }: { readonly lastSeenAt: number }) {
  const later = async () => {
    const row = await rowOf(person)
    return row.lastSeenAt > lastSeenAt ? row : undefined
  }
  return eventually(later, { what: 'the last use in the row' })
}

test('rule 8 expired frees its place: forward auth alone keeps a session alive, however long; left alone it ends', async () => {
  longLived()
  const person = await gates.signIn('busy')
  let row = await rowOf(person)
  for (let minutes = 0; minutes < 32; minutes += 8) {
    await gates.pass(8 * minuteMs)
    expect((await gates.at((minutes / 8) % 2).ask(person)).status).toBe(200)
    row = await seenSince(person, row)
  }
  await gates.pass(11 * minuteMs)
  for (const replica of gates.all) expect((await replica.ask(person)).status).toBe(401)
})

test('last seen is written at most once a minute, whatever the number of requests and replicas', async () => {
  longLived()
  const person = await gates.signIn('counted')
  await gates.pass(minuteMs + 1000)
  const before = await rowOf(person)
  for (let step = 0; step < 5; step++) {
    const crowd = Array.from({ length: 40 }, (_, index) => gates.at(index % 2).ask(person))
    for (const { status } of await Promise.all(crowd)) expect(status).toBe(200)
    await gates.pass(10_000)
  }
  const after = await seenSince(person, before)
  for (const replica of gates.all) {
    const quiet = async () =>
      (await replica.metric('curfew_last_seen_waiting')) === 0 ? true : undefined
    await eventually(quiet, { what: 'nothing to be written' })
  }
  expect(after.version - before.version).toBe(1)
  expect((await rowOf(person)).version).toBe(after.version)
})

test('a use that could not be written while the store was away is written when it is back', async () => {
  longLived()
  const person = await gates.signIn('kept')
  const [a] = gates.all
  if (a === undefined) throw new Error('no replica')
  expect((await a.ask(person)).status).toBe(200)
  await gates.pass(minuteMs + 1000)
  const before = await rowOf(person)
  a.wire.set('refused')
  for (let again = 0; again < 10; again++) expect((await a.ask(person)).status).toBe(200)
  const waits = async () => ((await a.metric('curfew_last_seen_waiting')) > 0 ? true : undefined)
  await eventually(waits, { what: 'the use that waits' })
  expect((await rowOf(person)).lastSeenAt).toBe(before.lastSeenAt)
  a.wire.set('open')
  await seenSince(person, before)
})
