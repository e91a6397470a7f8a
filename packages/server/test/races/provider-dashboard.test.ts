/*
 * A dashboard for an hour: twelve panels that poll every thirty seconds, over tokens of five minutes, and
 * no request goes to the replica that the last one went to.
 */
import { expect, test } from 'vitest'
import { type GateReplica, grantsOf, shownTwice } from './rig/gates.ts'
import { useGates } from './rig/use-gates.ts'

const panelsCount = 12
const pollSeconds = 30
const hourSeconds = 3600
const heapGrowthMax = 4 * 1024 * 1024

const gates = useGates({ replicas: 3, clock: true })

/** What a process holds on to; a leak shows in one of them. */
const held = [
  'curfew_nodejs_active_resources_total',
  'curfew_forward_auth_prepared',
  'curfew_cache_entries',
  'curfew_last_seen_waiting',
] as const

async function measured(replica: GateReplica): Promise<readonly number[]> {
  return Promise.all(held.map((name) => replica.metric(name)))
}

test('scenario R27: an hour is a grant for each life of a token, no refusal, and nothing that grows', async () => {
  const person = await gates.signIn('dashboard')
  const statuses = new Set<number>()
  const heap: number[] = []
  let early: readonly (readonly number[])[] = []
  for (let second = 0; second <= hourSeconds; second += pollSeconds) {
    const asked = Array.from({ length: panelsCount }, (_, panel) =>
      gates.at((panel + second / pollSeconds) % 3).ask(person, { path: `/api/panel/${panel}` }),
    )
    for (const { status } of await Promise.all(asked)) statuses.add(status)
    if (second === 600) early = await Promise.all(gates.all.map(measured))
    heap.push(await gates.at(1).metric('curfew_nodejs_heap_size_used_bytes'))
    await gates.pass(pollSeconds * 1000)
  }
  expect([...statuses]).toEqual([200])
  const grants = grantsOf(gates.provider, person.subject)
  expect(grants).toBeGreaterThanOrEqual(11)
  expect(grants).toBeLessThanOrEqual(14)
  expect(shownTwice(gates.provider)).toEqual([])
  const late = await Promise.all(gates.all.map(measured))
  for (const [index, counts] of late.entries()) {
    for (const [at, count] of counts.entries()) {
      expect
        .soft(count, `${held[at]} of ${gates.at(index).name}`)
        .toBeLessThanOrEqual((early[index]?.[at] ?? 0) + 2)
    }
  }
  // The smallest of half an hour each, so that no garbage counts.
  const [first, second] = [Math.min(...heap.slice(20, 60)), Math.min(...heap.slice(-60))]
  expect(second - first).toBeLessThan(heapGrowthMax)
})
