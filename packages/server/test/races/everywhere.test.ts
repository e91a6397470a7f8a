/* Ends of all sessions of a user against sign-ins in flight: fences instead of clocks (rule 1). */
import { expect, test } from 'vitest'
import { freshUid } from '#test/harness/index.ts'
import { type Chance, inLanes, race } from './rig/chance.ts'
import { usePair } from './rig/use-pair.ts'

const rounds = 100
const lanes = 3

const pair = usePair()

async function signInThrice(chance: Chance, uid: string) {
  const { witness, both } = pair
  return [
    await witness.signIn(chance.pick(both), uid, 'web'),
    await witness.signIn(chance.pick(both), uid, 'app'),
    await witness.signIn(chance.pick(both), uid, 'pc'),
  ] as const
}

test('S51: logout/all ends all three sessions, the caller included, and says three', async () => {
  const { witness, both } = pair
  await pair.play({ rounds, lanes }, async (chance) => {
    const helds = await signInThrice(chance, freshUid('s51'))
    const all = await witness.logoutAll(chance.pick(both), chance.pick(helds))
    expect(all).toMatchObject({ status: 200, revoked: 3 })
    for (const held of helds) {
      expect((await witness.use(chance.pick(both), held)).verdict).toBe('ended')
    }
  })
})

test('S51: two logout/all at once end each session once, and one of the callers may be too late', async () => {
  const { witness, both } = pair
  await pair.play({ rounds, lanes }, async (chance) => {
    const helds = await signInThrice(chance, freshUid('s51b'))
    const [one, other] = await race(
      chance,
      () => witness.logoutAll(chance.pick(both), chance.pick(helds)),
      () => witness.logoutAll(chance.pick(both), chance.pick(helds)),
    )
    for (const { status } of [one, other]) expect([200, 401]).toContain(status)
    expect((one.revoked ?? 0) + (other.revoked ?? 0)).toBe(3)
  })
})

test('S52: a sign-in that captured its fence before logout/all is dead or refused, however they meet', async () => {
  const { witness, both } = pair
  let refused = 0
  await pair.play({ rounds, lanes }, async (chance) => {
    const uid = freshUid('s52')
    const caller = await witness.signIn(chance.pick(both), uid, 'web')
    const fence = await witness.fence(chance.pick(both), uid)
    const [all, { act, held }] = await race(
      chance,
      () => witness.logoutAll(chance.pick(both), caller),
      () => witness.start(chance.pick(both), { uid, device: 'web', fence }),
    )
    expect(all.status).toBe(200)
    expect([201, 409]).toContain(act.status)
    if (held === undefined) refused++
    else {
      for (const replica of both) {
        expect((await witness.use(replica, held)).verdict).toBe('ended')
      }
    }
    expect((await witness.census(chance.pick(both), uid)).live).toEqual([])
  })
  console.log(`S52: ${refused} of ${rounds} sign-ins were refused`)
})

test('S52: a sign-in at once with logout/all, without a fence of its own, is ended or lives, never in between', async () => {
  const { witness, both } = pair
  await pair.play({ rounds, lanes }, async (chance) => {
    const uid = freshUid('s52b')
    const caller = await witness.signIn(chance.pick(both), uid, 'web')
    const [, { act, held }] = await race(
      chance,
      () => witness.logoutAll(chance.pick(both), caller),
      () => witness.start(chance.pick(both), { uid, device: 'web' }),
    )
    expect([201, 409]).toContain(act.status)
    if (held === undefined) return
    const first = await witness.use(chance.pick(both), held)
    const second = await witness.use(chance.pick(both), held)
    expect(second.verdict).toBe(first.verdict)
  })
})

test('S53: a sign-in after logout/all works', async () => {
  const { witness, both } = pair
  await pair.play({ rounds, lanes }, async (chance) => {
    const uid = freshUid('s53')
    await witness.logoutAll(chance.pick(both), await witness.signIn(chance.pick(both), uid, 'app'))
    const wish = { uid, device: 'app' }
    const fence = await witness.fence(chance.pick(both), uid)
    const fenced = chance.maybe(0.5) ? { ...wish, fence } : wish
    const { held } = await witness.start(chance.pick(both), fenced)
    if (held === undefined) throw new Error('the sign-in after logout/all was refused')
    for (const replica of both) {
      expect((await witness.use(replica, held)).verdict).toBe('accepted')
    }
  })
})

test('S54: a sign-in with the old password that is in flight while the password changes leaves nothing alive', async () => {
  const { witness, both } = pair
  await pair.play({ rounds, lanes }, async (chance) => {
    const uid = freshUid('s54')
    const old = await witness.signIn(chance.pick(both), uid, 'app')
    // The fence is captured, the old password checked; then it is changed and all sessions are ended.
    const fence = await witness.fence(chance.pick(both), uid)
    const [reset, { held }] = await race(
      chance,
      () => witness.revokeUser(chance.pick(both), uid),
      () => witness.start(chance.pick(both), { uid, device: 'app', fence }),
    )
    expect(reset.status).toBe(200)
    for (const one of held === undefined ? [old] : [old, held]) {
      expect((await witness.use(chance.pick(both), one)).verdict).toBe('ended')
    }
    expect((await witness.census(chance.pick(both), uid)).live).toEqual([])
  })
})

test('R9: a fence from before a password change is refused with 409 after it, on both replicas', async () => {
  const { witness, both } = pair
  await pair.play({ rounds, lanes }, async (chance) => {
    const uid = freshUid('r9')
    // Also for a user who has never had a session: the end raises the fence nevertheless.
    if (chance.maybe(0.5)) await witness.signIn(chance.pick(both), uid, 'app')
    const fence = await witness.fence(chance.pick(both), uid)
    expect((await witness.revokeUser(chance.pick(both), uid)).status).toBe(200)
    for (const replica of both) {
      const { act } = await witness.start(replica, { uid, device: 'app', fence })
      expect(act.status).toBe(409)
    }
    const newer = await witness.fence(chance.pick(both), uid)
    const { held } = await witness.start(chance.pick(both), { uid, device: 'app', fence: newer })
    expect(held).toBeDefined()
  })
})

test('rule 1 fence: an end of all and sign-ins of one user in a crowd never deadlock and never let one through', async () => {
  const { witness, both } = pair
  await inLanes({ rounds: 12, lanes: 2 }, async (chance) => {
    const uid = freshUid('rule1')
    const fence = await witness.fence(chance.pick(both), uid)
    const device = () => chance.pick(['web', 'app', 'pc', 'fleet'] as const)
    const start = () => witness.start(chance.pick(both), { uid, device: device(), fence })
    const end = () => witness.revokeUser(chance.pick(both), uid)
    await race(chance, start, start, start, start, end, start, start, start, start, end)
    expect((await witness.census(chance.pick(both), uid)).live).toEqual([])
  })
  await pair.settle()
})

test('S55: disabling ends all sessions and refuses sign-in and refresh; enabling brings none back', async () => {
  const { witness, both } = pair
  await pair.play({ rounds, lanes }, async (chance) => {
    const uid = freshUid('s55')
    const helds = await signInThrice(chance, uid)
    const [disabled, { held: late }, refreshed] = await race(
      chance,
      () => witness.disable(chance.pick(both), uid),
      () => witness.start(chance.pick(both), { uid, device: 'web' }),
      () => witness.refresh(chance.pick(both), helds[1]),
    )
    expect(disabled.status).toBe(200)
    const tokens = [...helds, refreshed.held, ...(late === undefined ? [] : [late])]
    for (const held of tokens) {
      expect((await witness.use(chance.pick(both), held)).verdict).toBe('ended')
    }
    for (const replica of both) {
      expect((await witness.start(replica, { uid, device: 'web' })).act.status).toBe(403)
      expect((await witness.refresh(replica, refreshed.held)).act.status).toBe(400)
    }
    expect((await witness.enable(chance.pick(both), uid)).status).toBe(200)
    for (const held of tokens) {
      expect((await witness.use(chance.pick(both), held)).verdict).toBe('ended')
    }
    const again = await witness.signIn(chance.pick(both), uid, 'app')
    expect((await witness.use(chance.pick(both), again)).verdict).toBe('accepted')
  })
})

test('S56: the same disable twice at once ends each session once, and a sign-in after enable stays alive', async () => {
  const { witness, both } = pair
  await pair.play({ rounds, lanes }, async (chance) => {
    const uid = freshUid('s56')
    await signInThrice(chance, uid)
    const ends = await race(
      chance,
      () => witness.disable(chance.pick(both), uid),
      () => witness.disable(chance.pick(both), uid),
    )
    expect(ends.map(({ status }) => status)).toEqual([200, 200])
    expect(ends.reduce((sum, { revoked }) => sum + (revoked ?? 0), 0)).toBe(3)
    await witness.enable(chance.pick(both), uid)
    const held = await witness.signIn(chance.pick(both), uid, 'app')
    await race(
      chance,
      () => witness.enable(chance.pick(both), uid),
      () => witness.enable(chance.pick(both), uid),
    )
    for (const replica of both) {
      expect((await witness.use(replica, held)).verdict).toBe('accepted')
    }
  })
})

test('S51: logout/others leaves the caller alone, also while another device signs in', async () => {
  const { witness, both } = pair
  await pair.play({ rounds, lanes }, async (chance) => {
    const helds = await signInThrice(chance, freshUid('others'))
    const caller = chance.pick(helds)
    const others = await witness.logoutAll(chance.pick(both), caller, 'others')
    expect(others).toMatchObject({ status: 200, revoked: 2 })
    for (const held of helds) {
      const expected = held === caller ? 'accepted' : 'ended'
      expect((await witness.use(chance.pick(both), held)).verdict).toBe(expected)
    }
  })
})
