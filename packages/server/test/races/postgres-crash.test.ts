/* PostgreSQL itself is killed (SIGQUIT: nothing is flushed) and started again, under load. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, freshUid } from '#test/harness/index.ts'
import { Chance, seedOfRun } from './rig/chance.ts'
import { startCrowd } from './rig/crowd.ts'
import { type OwnStage, ownPostgres } from './rig/own-postgres.ts'
import { openPair, type Pair } from './rig/pair.ts'

const users = 24
const crashes = 3
/** Enough for sign-ins and ends on any machine. */
const actsBetween = 100

let stage: OwnStage
let pair: Pair

beforeAll(async () => {
  stage = await ownPostgres()
  // So short that both replicas become unready while the store is away.
  const revocation = { pullInterval: '500ms', maxStaleness: '2s' }
  pair = await openPair({ stage, config: { revocation } })
})

afterAll(async () => {
  await pair.close()
  await stage.stop()
})

test(`${crashes} crashes of PostgreSQL under load: 503 in between, then all goes on, nothing is lost, nobody logged out`, async () => {
  const { witness, both } = pair
  const chance = new Chance(seedOfRun + 3)
  const crowd = startCrowd({ witness, users, replicas: () => both, seed: seedOfRun })
  const unanswered: number[] = []
  for (let crash = 0; crash < crashes; crash++) {
    await Promise.all([crowd.work(actsBetween), sleep(600 + chance.below(900))])
    await stage.postgres.kill()
    const from = performance.now()
    await Promise.all([crowd.work(2 * users), sleep(1000 + chance.below(1500))])
    // Both answer, and what they answer is 503; the processes live.
    const during = witness.history.acts.filter((act) => act.from > from)
    expect(during.length).toBeGreaterThan(0)
    expect(new Set(during.map(({ status }) => status))).toEqual(new Set([503]))
    unanswered.push(during.length)
    await stage.postgres.start()
    for (const { curfew } of both) {
      const ready = async () =>
        (await curfew.api.get('/readyz')).status === 200 ? true : undefined
      await eventually(ready, { what: 'readiness after the crash' })
    }
  }
  await crowd.work(actsBetween)
  await crowd.stop()
  await crowd.verify()
  const { acts } = witness.history
  const ends = acts.filter(({ kind, verdict }) => kind === 'end' && verdict === 'accepted').length
  console.log(
    `${acts.length} acts, ${ends} ends; answered 503 while it was away: ${unanswered.join(', ')}`,
  )
  expect(ends).toBeGreaterThan(20)
  await pair.settle()
})

test('an orderly restart of PostgreSQL between two requests is not even seen', async () => {
  const { witness, both } = pair
  const held = await witness.signIn(both[0], freshUid('restart'), 'app')
  await stage.postgres.restart()
  for (const replica of both) {
    const works = async () =>
      (await witness.use(replica, held)).verdict === 'accepted' ? true : undefined
    await eventually(works, { what: 'the session after a restart' })
  }
  expect(await witness.logout(both[1], held)).toMatchObject({ status: 200, first: true })
  await pair.settle()
})
