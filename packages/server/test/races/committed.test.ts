/* R14: the process dies between the commit and its answer, or before the commit. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Curfew } from '#test/harness/index.ts'
import { freshUid } from '#test/harness/index.ts'
import { usePair } from './rig/use-pair.ts'
import type { Replica } from './rig/witness.ts'

const rounds = 3
/** The prepared statement that ends sessions. */
const endStatement = 'curfew_end'

const pair = usePair()
let dying: Curfew

beforeAll(async () => {
  dying = await pair.a.curfew.twin({ config: { store: pair.a.wire.url(pair.stage.storeUrl) } })
})

afterAll(async () => {
  await dying.kill()
})

test('R14: an end that was committed and never answered stands after the crash, and is told once', async () => {
  const { witness, a, b } = pair
  for (let round = 0; round < rounds; round++) {
    const mortal: Replica = { name: `mortal-${round}`, api: dying.api }
    const held = await witness.signIn(b, freshUid('r14'), 'app')
    const caught = a.wire.catchAnswer(endStatement)
    const logout = witness.logout(mortal, held)
    const answer = await caught
    // The other replica sees the commit, of which the first one has not heard yet.
    expect((await witness.use(b, held)).verdict).toBe('ended')
    await dying.kill()
    answer.drop()
    expect((await logout).status).toBe(0)
    dying = await dying.restart()
    const reborn = { name: `reborn-${round}`, api: dying.api }
    for (const replica of [reborn, b]) {
      expect((await witness.use(replica, held)).verdict).toBe('ended')
      expect((await witness.use(replica, held, 'access')).verdict).toBe('ended')
      expect((await witness.refresh(replica, held)).act.reason).toBe('user_logout')
    }
    expect(await witness.logout(reborn, held)).toMatchObject({ status: 200, first: false })
  }
  await pair.settle()
})

test('R14: an end that never reached the store leaves the session alive, and the repeated logout ends it', async () => {
  const { witness, a, b } = pair
  for (let round = 0; round < rounds; round++) {
    const mortal: Replica = { name: `mortal-${round}`, api: dying.api }
    const held = await witness.signIn(b, freshUid('r14b'), 'app')
    const caught = a.wire.catchRequest(endStatement)
    const logout = witness.logout(mortal, held)
    const request = await caught
    await dying.kill()
    request.drop()
    expect((await logout).status).toBe(0)
    dying = await dying.restart()
    const reborn = { name: `reborn-${round}`, api: dying.api }
    expect((await witness.use(reborn, held)).verdict).toBe('accepted')
    expect(await witness.logout(reborn, held)).toMatchObject({ status: 200, first: true })
    expect((await witness.use(b, held)).verdict).toBe('ended')
  }
  await pair.settle()
})

test('R14: a connection that breaks between the commit and its answer is a 503, and the repeat says already', async () => {
  const { witness, a, b } = pair
  for (let round = 0; round < rounds; round++) {
    const held = await witness.signIn(b, freshUid('r14c'), 'app')
    const caught = a.wire.catchAnswer(endStatement)
    const logout = witness.logout(a, held)
    const answer = await caught
    answer.drop()
    // Either it found out by itself, or it says that it does not know. Never that nothing happened.
    const { status } = await logout
    expect([200, 503]).toContain(status)
    expect((await witness.use(a, held)).verdict).toBe('ended')
    expect(await witness.logout(a, held)).toMatchObject({ status: 200, first: false })
  }
  await pair.settle()
})
