/* Many callers with one refresh token: one successor, whoever asks, wherever. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asText, claimsOf, freshUid } from '#test/harness/index.ts'
import { inLanes, race } from './rig/chance.ts'
import { openPair, type Pair } from './rig/pair.ts'

const callers = 200
const storms = 5
const rounds = 100

let pair: Pair

beforeAll(async () => {
  pair = await openPair()
})

afterAll(() => pair.close())

test(`${callers} refreshes of one token at once over two processes: all 200, one successor, one access token`, async () => {
  const { a, b } = pair
  for (let storm = 0; storm < storms; storm++) {
    const { refreshToken } = await a.api.start({ uid: freshUid('storm'), device: 'app' })
    const answers = await Promise.all(
      Array.from({ length: callers }, (_, caller) =>
        (caller % 2 === 0 ? a : b).api.refresh(refreshToken),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    const tokens = answers.map(({ body }) => {
      const { jti, iat, exp, sid } = claimsOf(asText(body['access_token']))
      return JSON.stringify({ refresh: body['refresh_token'], jti, iat, exp, sid })
    })
    expect([...new Set(tokens)]).toHaveLength(1)
    expect(tokens[0]).not.toContain(refreshToken)
    // The successor is good for one more rotation, and the first token is then a replay.
    const successor = asText(answers[0]?.body['refresh_token'])
    expect((await b.api.refresh(successor)).status).toBe(200)
    const replay = await a.api.refresh(refreshToken)
    expect(replay.status).toBe(400)
    expect(replay.body).toMatchObject({ revoked_reason: 'refresh_reuse' })
  }
})

test('S78: one refresh token sent to both replicas at once has one successor, over many generations', async () => {
  const { witness, both } = pair
  for (const { wire } of both) wire.jitterMs = 3
  await inLanes({ rounds, lanes: 3 }, async (chance) => {
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
  for (const { wire } of both) wire.jitterMs = 0
  await pair.settle()
})
