/* Many callers with one refresh token: one successor, whoever asks, wherever. */
import { expect, test } from 'vitest'
import { freshUid } from '#test/harness/index.ts'
import { race } from './rig/chance.ts'
import { usePair } from './rig/use-pair.ts'

const callers = 200
const storms = 5
const rounds = 100

const pair = usePair()

test(`${callers} refreshes of one token at once over two processes: all 200, one successor, one access token`, async () => {
  const { witness, a, b } = pair
  for (let storm = 0; storm < storms; storm++) {
    const held = await witness.signIn(a, freshUid('storm'), 'app')
    const results = await Promise.all(
      Array.from({ length: callers }, (_, caller) => witness.refresh(caller % 2 ? a : b, held)),
    )
    expect(results.map(({ act }) => act.status)).toEqual(results.map(() => 200))
    const successors = new Set(results.map(({ act }) => JSON.stringify(act.successor)))
    expect([...successors]).toHaveLength(1)
    const successor = results[0]?.held ?? held
    expect(successor.refreshToken).not.toBe(held.refreshToken)
    // It is good for one more rotation, and then the first token is a replay.
    expect((await witness.refresh(b, successor)).act.status).toBe(200)
    expect(await witness.replay(a, held)).toMatchObject({ status: 400, first: true })
    expect((await witness.use(b, held)).verdict).toBe('ended')
  }
  await pair.settle()
})

test('S78: one refresh token sent to both replicas at once has one successor, over many generations', async () => {
  const { witness, both } = pair
  await pair.play({ rounds, lanes: 3 }, async (chance) => {
    let held = await witness.signIn(chance.pick(both), freshUid('s78'), 'app')
    for (let generation = 0; generation < 3; generation++) {
      const one = held
      const results = await race(
        chance,
        () => witness.refresh(chance.pick(both), one),
        () => witness.refresh(chance.pick(both), one),
        () => witness.refresh(chance.pick(both), one),
      )
      expect(results.map(({ act }) => act.status)).toEqual([200, 200, 200])
      held = results[0].held
    }
    expect((await witness.use(chance.pick(both), held, 'access')).verdict).toBe('accepted')
  })
})
