/*
 * Many sessions at a provider that answers slowly: each asks for itself, and none waits for another.
 */
import { expect, test } from 'vitest'
import type { Reply } from '#test/gateway/wire.ts'
import { eventually } from '#test/harness/index.ts'
import type { Person } from './rig/gates.ts'
import { useGates } from './rig/use-gates.ts'

const lifeMs = 300_000

// Nobody gives up while the provider keeps them waiting, however slow this machine is.
const gates = useGates({ replicas: 2, clock: true, idp: { timeout: '60s', graceOnFault: '5m' } })

function expectServed(replies: readonly Reply[]): void {
  expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200))
}

test('scenarios R05, R25: thirty sessions at a slow provider are thirty grants side by side', async () => {
  const people: Person[] = []
  for (let index = 0; index < 30; index++) people.push(await gates.signIn(`many-${index}`))
  const mine = new Set(people.map(({ subject }) => subject))
  for (const subject of mine) gates.provider.scripts.set(subject, ['hang-after-rotation'])
  await gates.pass(lifeMs)
  const asking = people.map((one, index) => gates.at(index % 2).ask(one))
  const arrived = () => gates.provider.grantsOf.filter((subject) => mine.has(subject)).length
  // None waits for another: all have arrived before any is answered.
  await eventually(() => (arrived() === people.length ? true : undefined), { what: 'all grants' })
  gates.provider.release()
  expectServed(await Promise.all(asking))
  const again = await Promise.all(people.map((one) => gates.at(0).ask(one)))
  const latest = people.map(
    ({ subject }) => gates.provider.issued.findLast((one) => one.subject === subject)?.accessToken,
  )
  await expect
    .poll(async () =>
      (await Promise.all(people.map((one) => gates.at(0).ask(one)))).map(
        ({ headers }) => headers['x-provider-token'],
      ),
    )
    .toEqual(latest)
  expectServed(again)
  expect(arrived()).toBe(people.length)
})
