/* A replica that slept: what it held in memory is old, and requests wait for it when it wakes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { eventually, freshUid } from '#test/harness/index.ts'
import { inLanes } from './rig/chance.ts'
import { usePair } from './rig/use-pair.ts'

const maxStalenessMs = 2000
const rounds = 3
const sleepers = 20

const pair = usePair({
  config: { revocation: { pullInterval: '500ms', maxStaleness: `${maxStalenessMs}ms` } },
})

test('rule 35 stale: a replica that slept while sessions ended takes none of their tokens when it wakes', async () => {
  const { witness, a, b } = pair
  await inLanes({ rounds, lanes: 1 }, async (chance) => {
    const helds = await Promise.all(
      Array.from({ length: sleepers }, async () => {
        const held = await witness.signIn(b, freshUid('slept'), chance.pick(['web', 'app']))
        // The refresh leaves the row in the memory of the replica that is put to sleep.
        return (await witness.refresh(b, held)).held
      }),
    )
    b.curfew.signal('SIGSTOP')
    // Half of them wait in its socket when it wakes: asked before the end, answered after it.
    for (const held of helds) expect((await witness.logout(a, held)).status).toBe(200)
    const waiting = helds.flatMap((held) => [witness.use(b, held), witness.refresh(b, held)])
    await sleep(maxStalenessMs + 800)
    b.curfew.signal('SIGCONT')
    const answered = await Promise.all(waiting)
    for (const one of answered) {
      const { verdict } = 'act' in one ? one.act : one
      expect(['ended', 'unknown']).toContain(verdict)
    }
    const ready = async () => ((await b.api.get('/readyz')).status === 200 ? true : undefined)
    await eventually(ready, { what: 'readiness after the sleep' })
    for (const held of helds) {
      expect((await witness.use(b, held)).verdict).toBe('ended')
      expect((await witness.refresh(b, held)).act.verdict).toBe('ended')
    }
  })
  await pair.settle()
})

test('rule 11 grace: a refresh whose answer was lost while the replica slept is repeated elsewhere with the same successor', async () => {
  const { witness, a, b } = pair
  for (let round = 0; round < rounds; round++) {
    const held = await witness.signIn(a, freshUid('grace'), 'app')
    b.curfew.signal('SIGSTOP')
    const lost = witness.refresh(b, held)
    const { act: first, held: next } = await witness.refresh(a, held)
    b.curfew.signal('SIGCONT')
    // The sleeper finds the token rotated, and answers as the other one did.
    const { act: second } = await lost
    expect([first.status, second.status]).toEqual([200, 200])
    expect(second.successor).toEqual(first.successor)
    expect((await witness.refresh(b, next)).act.status).toBe(200)
  }
  await pair.settle()
})
