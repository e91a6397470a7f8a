/*
 * kill -9 of the server at random points under load. What was acknowledged holds after the restart: every
 * end is an end, every sign-in works, nobody is asked to do anything.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { type Curfew, eventually, type StoreKind, startCurfew } from '#test/harness/index.ts'
import { Chance, seedOfRun } from './rig/chance.ts'
import { startCrowd } from './rig/crowd.ts'
import { expectSound } from './rig/judge.ts'
import { openPair, production } from './rig/pair.ts'
import { feedSince, type Replica, Witness } from './rig/witness.ts'

const users = 24
const config = {
  server: { logLevel: 'warn' },
  sessions: { devices: { fleet: { policy: 'multiple' } } },
}

/** Enough for sign-ins and ends on any machine. */
const actsBetween = 100
const kills = { sqlite: 5, postgres: 4 } as const

describe.each(['sqlite', 'postgres'] as const)('one server on %s', (store: StoreKind) => {
  test(`${kills[store]} kills under load lose no acknowledged end and no acknowledged sign-in`, async () => {
    const chance = new Chance(seedOfRun + 1)
    let curfew: Curfew = await startCurfew({ store, config, env: production })
    const { stage } = curfew
    try {
      const witness = new Witness()
      let replica: Replica = { name: 'first', api: curfew.api }
      const cursor = await curfew.api.head()
      const replicas = () => [replica]
      const crowd = startCrowd({ witness, users, replicas, seed: seedOfRun })
      for (let round = 1; round <= kills[store]; round++) {
        await Promise.all([crowd.work(actsBetween), sleep(400 + chance.below(1200))])
        await curfew.kill()
        curfew = await curfew.restart()
        // No help from anybody: it listens, then it is ready.
        await eventually(() => isReady(curfew), { what: 'readiness' })
        replica = { name: `restart-${round}`, api: curfew.api }
      }
      await crowd.work(actsBetween)
      await crowd.stop()
      await crowd.verify()
      report(`${store}, one server`, witness)
      expectSound(witness.history, await feedSince(replica, cursor))
    } finally {
      await curfew.kill()
      stage.remove()
    }
  })
})

test('one of two replicas is killed again and again under load; nobody notices more than broken connections', async () => {
  const chance = new Chance(seedOfRun + 2)
  const pair = await openPair()
  let victim = pair.a.curfew
  try {
    const { witness, b } = pair
    let replicas: readonly Replica[] = pair.both
    const crowd = startCrowd({ witness, users, replicas: () => replicas, seed: seedOfRun })
    for (let round = 1; round <= 4; round++) {
      await Promise.all([crowd.work(actsBetween), sleep(400 + chance.below(1200))])
      await victim.kill()
      victim = await victim.restart()
      replicas = [{ name: `a-${round}`, api: victim.api }, b]
    }
    await crowd.work(actsBetween)
    await crowd.stop()
    await crowd.verify()
    report('postgres, two servers', witness)
    await pair.settle()
  } finally {
    await victim.kill()
    await pair.close()
  }
})

async function isReady(curfew: Curfew): Promise<true | undefined> {
  return (await curfew.api.get('/readyz')).status === 200 ? true : undefined
}

/** How much was at stake: a run in which nothing was in flight proves nothing. */
function report(what: string, { history: { acts } }: Witness): void {
  const unknown = acts.filter(({ verdict }) => verdict === 'unknown').length
  const ends = acts.filter(({ kind, verdict }) => kind === 'end' && verdict === 'accepted').length
  const starts = acts.filter(
    ({ kind, verdict }) => kind === 'start' && verdict === 'accepted',
  ).length
  console.log(
    `${what}: ${acts.length} acts, ${starts} sign-ins, ${ends} ends, ${unknown} unanswered`,
  )
  expect(ends).toBeGreaterThan(20)
  expect(unknown).toBeGreaterThan(0)
}
