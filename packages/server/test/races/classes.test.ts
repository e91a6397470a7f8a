/* Sign-ins of one class at once: how many live afterwards is the class's word, whoever wins. */
import { expect, test } from 'vitest'
import { clients, freshUid } from '#test/harness/index.ts'
import { inLanes, race } from './rig/chance.ts'
import { usePair } from './rig/use-pair.ts'

const rounds = 100
const lanes = 3

const pair = usePair()

test('R7: two first sign-ins of a class without limit are both alive, listed, and end with the user', async () => {
  const { witness, both } = pair
  await pair.play({ rounds, lanes }, async (chance) => {
    const uid = freshUid('r7')
    const starts = await race(
      chance,
      () => witness.start(chance.pick(both), { uid, device: 'web' }),
      () => witness.start(chance.pick(both), { uid, device: 'web' }),
    )
    const helds = starts.flatMap(({ held }) => (held === undefined ? [] : [held]))
    expect(new Set(helds.map(({ sid }) => sid)).size).toBe(2)
    for (const held of helds) {
      expect((await witness.use(chance.pick(both), held)).verdict).toBe('accepted')
    }
    expect((await witness.census(chance.pick(both), uid)).live).toHaveLength(2)
    expect((await witness.revokeUser(chance.pick(both), uid)).revoked).toBe(2)
    for (const held of helds) {
      expect((await witness.use(chance.pick(both), held)).verdict).toBe('ended')
    }
  })
})

test('R8: of sign-ins at once in a class for one exactly one is alive, and none failed', async () => {
  const { witness, both } = pair
  await pair.play({ rounds, lanes }, async (chance) => {
    const uid = freshUid('r8')
    if (chance.maybe(0.5)) await witness.signIn(chance.pick(both), uid, 'app')
    const starts = await race(
      chance,
      () => witness.start(chance.pick(both), { uid, device: 'app' }),
      () => witness.start(chance.pick(both), { uid, device: 'app' }),
      () => witness.start(chance.pick(both), { uid, device: 'app' }),
    )
    expect(starts.map(({ act }) => act.status)).toEqual([201, 201, 201])
    const { live } = await witness.census(chance.pick(both), uid)
    expect(live).toHaveLength(1)
    for (const { held } of starts) {
      if (held === undefined) continue
      const expected = held.sid === live[0]?.sid ? 'accepted' : 'ended'
      for (const replica of both) {
        expect((await witness.use(replica, held)).verdict).toBe(expected)
      }
    }
  })
})

test('rule 9 joins: of sign-ins at once in a shared class all lead to one session, and one alone may refresh', async () => {
  const { witness, both } = pair
  await pair.play({ rounds, lanes }, async (chance) => {
    const uid = freshUid('rule9')
    const starts = await race(
      chance,
      () => witness.start(chance.pick(both), { uid, device: 'pc' }),
      () => witness.start(chance.pick(both), { uid, device: 'pc' }),
      () => witness.start(chance.pick(both), { uid, device: 'pc' }),
    )
    const helds = starts.flatMap(({ held }) => (held === undefined ? [] : [held]))
    expect(helds).toHaveLength(3)
    expect(new Set(helds.map(({ sid }) => sid)).size).toBe(1)
    expect(helds.filter(({ refreshToken }) => refreshToken !== '')).toHaveLength(1)
    for (const held of helds) {
      expect((await witness.use(chance.pick(both), held, 'access')).verdict).toBe('accepted')
    }
    expect((await witness.census(chance.pick(both), uid)).live).toHaveLength(1)
  })
})

test('S29: sign-ins at once never go past the limit of their class, and the newest one lives', async () => {
  const { both, a } = pair
  const limit = 2
  await inLanes({ rounds: rounds / 4, lanes }, async (chance) => {
    const uid = freshUid('s29')
    const start = () => chance.pick(both).api.start({ uid, device: 'pair' })
    await race(chance, start, start, start, start)
    const last = await start()
    const { items } = await a.api.get(`/users/${uid}/sessions`, {
      as: clients.operator,
      query: { state: 'live' },
    })
    expect(items).toHaveLength(limit)
    expect(items.map(({ sid }) => sid)).toContain(last.sid)
    expect(await chance.pick(both).api.works(last.sessionToken)).toBe(true)
  })
})
