/*
 * A short run of the long command: three replicas, PostgreSQL, Redis and a provider, which are killed, put
 * to sleep, cut off and lied to while people sign in, refresh and end their sessions.
 */
import { expect, test } from 'vitest'
import { seedOfRun } from '#test/races/rig/chance.ts'
import { Watch } from './round.ts'
import { openTown } from './town.ts'
import { shortcomings } from './worth.ts'

const operations = 4000
const order = {
  ...{ seed: seedOfRun % 2 ** 20, operations, faultEvery: 200, people: 24 },
  withinMs: 25_000,
}

test(`up to ${operations} operations while everything breaks: no invariant is violated, and nothing can be read`, async () => {
  const town = await openTown()
  const watch = await Watch.over(town)
  try {
    const { accusation, faults, tally, tookMs } = await watch.round(order)
    const { looked, found } = await watch.readable()
    console.log(
      `seed ${order.seed}: ${tally.operations} operations in ${(tookMs / 1000).toFixed(0)} s, ` +
        `${faults.map(({ kind }) => kind).join(', ')}; ${tally.unanswered} unanswered, ` +
        `${tally.ends} ends, ${tally.refreshes} refreshes, ${looked} tokens looked for`,
    )
    expect(accusation).toBe('')
    expect(found).toEqual([])
    expect(shortcomings(tally, faults.length)).toEqual([])
  } finally {
    await watch.close()
    await town.close()
  }
})
