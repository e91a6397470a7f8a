/* Logout against everything that may happen to the same session at that moment, on two replicas. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { clients, freshUid } from '#test/harness/index.ts'
import { race } from './rig/chance.ts'
import { usePair } from './rig/use-pair.ts'

const rounds = 120
const lanes = 4

const pair = usePair()

test('S34: logout and a sign-in of the same class at once leave the old one dead, the new one alive', async () => {
  const { witness, both } = pair
  await pair.play({ rounds, lanes }, async (chance) => {
    const [here, there] = chance.shuffled(both)
    if (here === undefined || there === undefined) throw new Error('there are two replicas')
    const uid = freshUid('s34')
    const old = await witness.signIn(here, uid, 'app')
    const how = chance.pick(['session', 'access', 'refresh'] as const)
    const [end, { held }] = await race(
      chance,
      () => witness.logout(here, old, how),
      () => witness.start(there, { uid, device: 'app' }),
    )
    expect(end.status, 'logout').toBe(200)
    if (held === undefined) throw new Error('the sign-in was not acknowledged')
    for (const replica of both) {
      expect((await witness.use(replica, old)).verdict).toBe('ended')
      expect((await witness.use(replica, held, 'access')).verdict).toBe('accepted')
    }
    expect((await witness.census(there, uid)).live.map(({ sid }) => sid)).toEqual([held.sid])
  })
})

test('S36: a sign-in that joins the session which is being ended is never told of a dead one afterwards', async () => {
  const { witness, both } = pair
  let joined = 0
  await pair.play({ rounds, lanes }, async (chance) => {
    const uid = freshUid('s36')
    const old = await witness.signIn(chance.pick(both), uid, 'pc')
    const [end, { held, act }] = await race(
      chance,
      // A sign-in asks the store more often: without a head start it would hardly ever join.
      async () => {
        await sleep(chance.below(16))
        return witness.logout(chance.pick(both), old)
      },
      () => witness.start(chance.pick(both), { uid, device: 'pc' }),
    )
    expect(end.status).toBe(200)
    if (held === undefined) throw new Error('the sign-in was not acknowledged')
    if (act.joined) joined++
    // Joined: it took part in the session that the logout then ended. Else it has its own, which lives.
    const expected = act.joined ? 'ended' : 'accepted'
    for (const replica of both) expect((await witness.use(replica, held)).verdict).toBe(expected)
    const again = await witness.start(chance.pick(both), { uid, device: 'pc' })
    if (again.held === undefined) throw new Error('the second sign-in was not acknowledged')
    expect((await witness.use(chance.pick(both), again.held)).verdict).toBe('accepted')
    await witness.census(chance.pick(both), uid)
  })
  console.log(`S36: ${joined} of ${rounds} sign-ins joined before the logout`)
})

test('R5: a sign-in of a shared class after an acknowledged logout never leads to the session that ended', async () => {
  const { witness, both } = pair
  await pair.play({ rounds, lanes }, async (chance) => {
    const uid = freshUid('r5')
    const old = await witness.signIn(chance.pick(both), uid, 'pc')
    const [{ held: first }, { held: second }] = await race(
      chance,
      async () => {
        await witness.logout(chance.pick(both), old)
        return witness.start(chance.pick(both), { uid, device: 'pc' })
      },
      () => witness.start(chance.pick(both), { uid, device: 'pc' }),
    )
    if (first === undefined || second === undefined)
      throw new Error('a sign-in was not acknowledged')
    expect(first.sid).not.toBe(old.sid)
    expect((await witness.use(chance.pick(both), first)).verdict).toBe('accepted')
    await witness.use(chance.pick(both), second)
    expect((await witness.census(chance.pick(both), uid)).live).toHaveLength(1)
  })
})

test('S39: logout against a refresh in flight: whoever wins, all tokens are dead afterwards', async () => {
  const { witness, both } = pair
  let refreshWon = 0
  await pair.play({ rounds, lanes }, async (chance) => {
    const held = await witness.signIn(chance.pick(both), freshUid('s39'), 'app')
    const warmed = await witness.refresh(chance.pick(both), held)
    const [end, { act, held: newest }] = await race(
      chance,
      () => witness.logout(chance.pick(both), held, chance.pick(['session', 'access'] as const)),
      () => witness.refresh(chance.pick(both), warmed.held),
    )
    expect(end).toMatchObject({ status: 200, first: true })
    expect([200, 400]).toContain(act.status)
    if (act.verdict === 'accepted') refreshWon++
    else expect(act.reason).toBe('user_logout')
    for (const replica of both) {
      for (const one of [held, newest]) {
        expect((await witness.use(replica, one, 'access')).verdict).toBe('ended')
      }
      expect((await witness.introspect(replica, newest)).verdict).toBe('ended')
      expect((await witness.refresh(replica, newest)).act).toMatchObject({
        status: 400,
        reason: 'user_logout',
      })
    }
  })
  console.log(`S39: the refresh won ${refreshWon} of ${rounds} times`)
})

test('S40: of two logouts at once exactly one ends the session, the other says already_revoked', async () => {
  const { witness, both } = pair
  await pair.play({ rounds, lanes }, async (chance) => {
    const held = await witness.signIn(chance.pick(both), freshUid('s40'))
    const ends = await race(
      chance,
      () => witness.logout(chance.pick(both), held, chance.pick(['session', 'access', 'refresh'])),
      () => witness.logout(chance.pick(both), held, chance.pick(['session', 'access', 'refresh'])),
      () => witness.logout(chance.pick(both), held, chance.pick(['session', 'access', 'refresh'])),
    )
    expect(ends.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(ends.filter(({ first }) => first)).toHaveLength(1)
  })
})

test('S106: of an admin and a user who end a session at once one wins, and reason and actor are of that one', async () => {
  const { witness, both } = pair
  await pair.play({ rounds, lanes }, async (chance) => {
    const held = await witness.signIn(chance.pick(both), freshUid('s106'))
    const [mine, theirs] = await race(
      chance,
      () => witness.logout(chance.pick(both), held),
      () => witness.adminRevoke(chance.pick(both), held),
    )
    expect([mine.first, theirs.first].toSorted()).toEqual([false, true])
    const row = await chance.pick(both).api.session(held.sid)
    const [reason, by] = mine.first
      ? ['user_logout', held.uid]
      : ['admin_revoke', 'client:operator']
    expect(row).toMatchObject({ revoked_reason: reason, revoked_by_user_id: by })
  })
})

test('scenario S49: what the other replica has cached of a session does not outlive its end', async () => {
  const { witness, both } = pair
  await pair.play({ rounds, lanes }, async (chance) => {
    const [here, there] = chance.shuffled(both)
    if (here === undefined || there === undefined) throw new Error('there are two replicas')
    let held = await witness.signIn(there, freshUid('s49'))
    // A refresh leaves a snapshot in the cache of the replica that does it, and the reads do too.
    held = (await witness.refresh(there, held)).held
    await witness.use(there, held)
    let over = false
    const asking = async (): Promise<void> => {
      while (!over) await witness.use(there, held, chance.pick(['session', 'access']))
    }
    const crowd = [asking(), asking()]
    expect(await witness.logout(here, held)).toMatchObject({ status: 200, first: true })
    const after = await witness.refresh(there, held)
    expect(after.act).toMatchObject({ status: 400, reason: 'user_logout' })
    expect((await witness.introspect(there, held)).verdict).toBe('ended')
    over = true
    await Promise.all(crowd)
    expect((await witness.use(there, held)).verdict).toBe('ended')
  })
})

test('rule 2 no way back: whatever writes to a session at once with its end, the end stands as it was first', async () => {
  const { witness, both } = pair
  await pair.play({ rounds, lanes }, async (chance) => {
    const held = await witness.signIn(chance.pick(both), freshUid('rule2'), 'app')
    const path = `/sessions/${held.sid}`
    const rename = () =>
      chance.pick(both).api.patch(path, { as: held.sessionToken, json: { device_name: 'x' } })
    const regrant = () =>
      chance.pick(both).api.patch(path, { as: clients.operator, json: { claims: { team: 'x' } } })
    const [end, { held: next }, ...written] = await race(
      chance,
      () => witness.logout(chance.pick(both), held),
      () => witness.refresh(chance.pick(both), held),
      rename,
      regrant,
    )
    expect(end.first).toBe(true)
    for (const { status } of written) expect([200, 401, 409]).toContain(status)
    const row = await chance.pick(both).api.session(held.sid)
    expect(row).toMatchObject({ revoked_reason: 'user_logout', revoked_by_user_id: held.uid })
    // None of these may write anything any more, nor bring it back.
    await race(
      chance,
      () => witness.logout(chance.pick(both), next),
      () => witness.adminRevoke(chance.pick(both), held),
      () => witness.refresh(chance.pick(both), next),
      () => witness.revokeUser(chance.pick(both), held.uid),
      rename,
      regrant,
    )
    expect(await chance.pick(both).api.session(held.sid)).toEqual(row)
  })
})

test('rule 3 cache proposes: a cached version that another replica has moved on costs a conflict, never a wrong answer', async () => {
  const { witness, both, a, b } = pair
  await pair.play({ rounds, lanes }, async (chance) => {
    let held = await witness.signIn(a, freshUid('rule3'))
    // Each rotation makes what the other replica has cached old; both tokens stay good.
    for (let turn = 0; turn < 4; turn++) {
      const { act, held: next } = await witness.refresh(turn % 2 === 0 ? b : a, held)
      expect(act.status).toBe(200)
      held = next
    }
    const thief = await witness.signIn(a, freshUid('rule3-thief'))
    const spent = await witness.refresh(b, thief)
    const used = await witness.refresh(a, spent.held)
    expect(used.act.status).toBe(200)
    // B has cached the row of before: by it the token would be the newest but one, a mere repeat.
    expect(await witness.replay(b, thief)).toMatchObject({ status: 400, first: true })
    for (const replica of both) {
      expect((await witness.use(replica, used.held)).verdict).toBe('ended')
    }
    expect((await witness.use(chance.pick(both), held)).verdict).toBe('accepted')
  })
})
