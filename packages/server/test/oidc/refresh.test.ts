import { expect, test } from 'vitest'
import { tokensOf } from '#authority'
import { type LiveSession, reason } from '#domain'
import { freshDatabase } from '#test/services/vitest.ts'
import { openStage, type Replica, rowOf, type Stage, signedIn } from './stage.ts'

interface Pair {
  readonly stage: Stage
  readonly a: Replica
  readonly b: Replica
  readonly session: LiveSession
}

/** A session whose tokens have just run out, and two replicas on one PostgreSQL. */
async function expired(changes: Parameters<typeof openStage>[1] = {}): Promise<Pair> {
  const stage = await openStage((await freshDatabase()).url, changes)
  const [a, b] = [await stage.replica(), await stage.replica()]
  const session = await signedIn(stage, a)
  await b.providers.warm()
  stage.advance(stage.provider.accessSeconds * 1000)
  return { stage, a, b, session }
}

const crowd = (pair: Pair, size: number) =>
  Promise.all(
    Array.from({ length: size }, (_, index) => (index % 2 === 0 ? pair.a : pair.b)).map((replica) =>
      replica.refresh.freshen(pair.session),
    ),
  )

function accessTokenOf(replica: Replica, session: LiveSession): string | undefined {
  if (session.provider === null) return undefined
  return tokensOf(replica.seal, session.origin.sid, session.provider)?.accessToken?.reveal()
}

test('rule 21 lease: scenarios R04, X01: 200 callers over two replicas at the moment of expiry are one grant, and all get the new tokens', async () => {
  const pair = await expired()
  pair.stage.provider.latencyMs = 150
  const answers = await crowd(pair, 200)
  expect(pair.stage.provider.grants).toHaveLength(1)
  const seen = answers.map((answer) =>
    answer.kind === 'good' ? accessTokenOf(pair.a, answer.session) : answer.kind,
  )
  expect(new Set(seen).size).toBe(1)
  expect(seen[0]).not.toBe(accessTokenOf(pair.a, pair.session))
  const row = await rowOf(pair.a, pair.session)
  expect(row.provider).toMatchObject({ tokensVersion: 2, lease: null, attemptedAt: null })
})

test('rule 21 lease: scenario X04: a winner that dies before the provider hears of it is followed by another when its lease runs out', async () => {
  const pair = await expired({ timeoutMs: 300 })
  await dying(pair, () => new Promise(() => undefined))
  pair.stage.advance(pair.stage.settings.graceOnFaultMs)
  const answer = await pair.b.refresh.freshen(pair.session)
  expect(answer).toMatchObject({ kind: 'good', late: false })
  expect(pair.stage.provider.grants).toHaveLength(1)
})

test('rule 21 lease: a winner that dies with the answer in its hands leaves a lost token, and the session is served until its identity runs out', async () => {
  const pair = await expired({ timeoutMs: 300 })
  const { refresh } = pair.a.grants
  const answered = Promise.withResolvers<void>()
  await dying(pair, async (order) => {
    await refresh(order)
    answered.resolve()
  })
  await answered.promise
  pair.stage.advance(1000)
  expect(await pair.b.refresh.freshen(pair.session)).toMatchObject({ kind: 'good', late: true })
  expect((await rowOf(pair.b, pair.session)).provider).toMatchObject({ refreshLost: true })
  expect(pair.stage.provider.grants).toHaveLength(2)
  pair.stage.advance(pair.stage.settings.graceOnFaultMs)
  const after = await pair.b.refresh.freshen(pair.session)
  expect(after).toEqual({ kind: 'sign-in', why: 'lost' })
  expect((await rowOf(pair.b, pair.session)).kind).toBe('live')
  expect(pair.stage.provider.grants).toHaveLength(2)
})

type Refresh = Replica['grants']['refresh']

/** Replica a takes the lease, does its last act, and is never heard of again. */
async function dying(
  pair: Pair,
  lastAct: (order: Parameters<Refresh>[0]) => Promise<void>,
): Promise<void> {
  const { a } = pair
  a.dead = true
  await new Promise<void>((resolve) => {
    const refresh: Refresh = async (order) => {
      resolve()
      void lastAct(order)
      return new Promise(() => undefined)
    }
    a.grants = { ...a.grants, refresh }
    void a.refresh.freshen(pair.session)
  })
}

test('rule 21 lease: scenario R07: invalid_grant with 50 waiting is one call, ends that session, and 50 are told', async () => {
  const pair = await expired()
  const other = await signedIn(pair.stage, pair.b)
  pair.stage.provider.latencyMs = 100
  pair.stage.provider.script = [{ status: 400, error: 'invalid_grant' }]
  const answers = await crowd(pair, 50)
  expect(pair.stage.provider.grants).toHaveLength(1)
  expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(['ended']))
  expect(await rowOf(pair.a, pair.session)).toMatchObject({
    kind: 'ended',
    end: { reason: 'idp_refused' },
  })
  expect((await rowOf(pair.a, other)).kind).toBe('live')
})

for (const [what, mishap] of [
  ['503', { status: 503 }],
  ['429 with Retry-After', { status: 429, headers: { 'retry-after': '2' } }],
  ['invalid_client', { status: 401, error: 'invalid_client' }],
  ['an unknown 4xx', { status: 400, error: 'something_else' }],
] as const) {
  test(`rule 21 lease: scenarios R09, R10: ${what} is a fault: the session stays, is served while its identity is good, and refreshes later`, async () => {
    const pair = await expired()
    pair.stage.provider.script = [mishap]
    expect(await pair.a.refresh.freshen(pair.session)).toMatchObject({ kind: 'good', late: true })
    const { provider } = await rowOf(pair.a, pair.session)
    expect(provider).toMatchObject({ lease: null, attemptedAt: null, tokensVersion: 1 })
    await crowd(pair, 20)
    expect(pair.stage.provider.grants).toHaveLength(1)
    pair.stage.advance(60_000)
    expect(await pair.b.refresh.freshen(pair.session)).toMatchObject({ kind: 'good', late: false })
    expect(pair.stage.provider.grants).toHaveLength(2)
  })
}

for (const mishap of [
  'reset',
  'reset-after-rotation',
  'half-answer',
  'page',
  { status: 504 },
] as const) {
  const name = typeof mishap === 'string' ? mishap : `status ${mishap.status}`
  test(`rule 21 lease: scenario R11: after ${name} nothing is known: the lease stays, nobody asks before it runs out, and no refusal ends the session`, async () => {
    const pair = await expired({ timeoutMs: 1000 })
    pair.stage.provider.script = [mishap]
    expect(await pair.a.refresh.freshen(pair.session)).toMatchObject({ kind: 'good', late: true })
    const { provider } = await rowOf(pair.a, pair.session)
    expect(provider?.lease).not.toBeNull()
    expect(pair.stage.provider.grants).toHaveLength(1)
    pair.stage.advance(60_000)
    await pair.b.refresh.freshen(pair.session)
    expect(pair.stage.provider.grants).toHaveLength(2)
    expect((await rowOf(pair.a, pair.session)).kind).toBe('live')
  })
}

test('rule 21 lease: scenario R13: a time-out releases those who wait, and the tokens that come late are stored', async () => {
  const pair = await expired({ timeoutMs: 300 })
  pair.stage.provider.script = ['hang-after-rotation']
  expect(await pair.a.refresh.freshen(pair.session)).toMatchObject({ kind: 'good', late: true })
  expect((await rowOf(pair.a, pair.session)).provider).toMatchObject({ tokensVersion: 1 })
  pair.stage.provider.release()
  await pair.a.behind.idle()
  expect((await rowOf(pair.a, pair.session)).provider).toMatchObject({
    tokensVersion: 2,
    lease: null,
  })
  expect(pair.stage.provider.grants).toHaveLength(1)
})

test('rule 21 lease: a lease that discovery has used up is given back, and the grant goes out under a whole one', async () => {
  const timeoutMs = 1000
  const pair = await expired({ timeoutMs })
  const { stage, session } = pair
  const cold = await stage.replica()
  const remaining: Promise<number>[] = []
  stage.provider.onRequest = ({ url }) => {
    if (url === '/.well-known/openid-configuration') stage.advance(timeoutMs * 0.8)
    if (url === '/token') {
      remaining.push(
        rowOf(cold, session).then(({ provider }) => (provider?.lease?.until ?? 0) - stage.now()),
      )
    }
  }
  stage.provider.latencyMs = 200
  expect(await cold.refresh.freshen(session)).toMatchObject({ kind: 'good', late: false })
  expect(remaining).toHaveLength(1)
  // It was read a moment later than the request was written.
  expect(await remaining[0]).toBeGreaterThan(timeoutMs * 0.8)
  expect(cold.counted).toEqual(['refreshed'])
})

test('the keys for the ID token are fetched while the tokens are being asked for', async () => {
  const { stage, session } = await expired()
  const cold = await stage.replica()
  await cold.providers.warm()
  stage.provider.script = ['hang-after-rotation']
  const before = stage.provider.counts.keys
  const freshness = cold.refresh.freshen(session)
  await expect.poll(() => stage.provider.counts.keys).toBe(before + 1)
  await expect.poll(() => stage.provider.issued).toHaveLength(1)
  stage.provider.release()
  expect(await freshness).toMatchObject({ kind: 'good', late: false })
  expect(stage.provider.counts.keys).toBe(before + 1)
})

test('rule 21 lease: scenario R28: a logout while the provider is asked stands, and what came back is revoked there', async () => {
  const pair = await expired()
  pair.stage.provider.script = ['hang-after-rotation']
  const asking = pair.a.refresh.freshen(pair.session)
  while (pair.stage.provider.grants.length === 0) await rowOf(pair.b, pair.session)
  const { sid, uid } = pair.session.origin
  await pair.b.store.end({ sid, reason: reason('userLogout'), by: uid, guard: 'live' })
  pair.stage.provider.release()
  expect(await asking).toMatchObject({ kind: 'ended', end: { reason: 'user_logout' } })
  await pair.a.behind.idle()
  await pair.b.handBackDue()
  expect(pair.stage.provider.revoked).toContain(pair.stage.provider.issued.at(-1)?.refreshToken)
  expect(await rowOf(pair.a, pair.session)).toMatchObject({ kind: 'ended' })
})

test('rule 21 lease: tokens whose ID token cannot be verified for want of keys are stored all the same', async () => {
  const stage = await openStage()
  const before = await stage.replica()
  const session = await signedIn(stage, before)
  const replica = await stage.replica()
  stage.provider.keysStatus = 503
  stage.advance(300_000)
  expect(await replica.refresh.freshen(session)).toMatchObject({ kind: 'good', late: false })
  const row = await rowOf(replica, session)
  expect(row.provider?.tokensVersion).toBe(2)
  expect(row.grants).toEqual(session.grants)
})

test('scenario R10: a provider that cannot be reached is left alone between attempts, and back without a restart', async () => {
  const stage = await openStage()
  const replica = await stage.replica()
  const session = await signedIn(stage, replica)
  stage.advance(300_000)
  await stage.provider.close()
  expect(await replica.refresh.freshen(session)).toMatchObject({ kind: 'good', late: true })
  expect(replica.counted).toEqual(['start started', 'fault'])
  expect(await replica.refresh.freshen(session)).toMatchObject({ kind: 'good', late: true })
  expect(replica.counted).toEqual(['start started', 'fault'])
  await stage.provider.listen()
  stage.advance(60_000)
  expect(await replica.refresh.freshen(session)).toMatchObject({ kind: 'good', late: false })
})

test('rule 24 identity deadline: scenario R09: past graceOnFault a session whose provider is at fault is neither served nor ended', async () => {
  const stage = await openStage()
  const replica = await stage.replica()
  const session = await signedIn(stage, replica)
  stage.provider.script = [{ status: 503 }, { status: 503 }]
  stage.advance(300_000 + stage.settings.graceOnFaultMs - 1000)
  expect(await replica.refresh.freshen(session)).toMatchObject({ kind: 'good', late: true })
  stage.advance(30_000)
  expect(await replica.refresh.freshen(session)).toMatchObject({ kind: 'unavailable' })
  expect((await rowOf(replica, session)).kind).toBe('live')
  stage.advance(60_000)
  expect(await replica.refresh.freshen(session)).toMatchObject({ kind: 'good', late: false })
})

test('rule 24 identity deadline: scenario R18: a refresh token past maxRefreshTokenAge is not tried, and the row does not end', async () => {
  const stage = await openStage(undefined, { maxRefreshTokenAgeMs: 600_000 })
  const replica = await stage.replica()
  const session = await signedIn(stage, replica)
  stage.advance(600_000)
  expect(await replica.refresh.freshen(session)).toEqual({ kind: 'sign-in', why: 'too-old' })
  expect(stage.provider.grants).toHaveLength(0)
  expect((await rowOf(replica, session)).kind).toBe('live')
})

test('scenario P12: roles and claims are read again from a refreshed ID token', async () => {
  const stage = await openStage()
  const replica = await stage.replica()
  stage.provider.claims = { roles: ['pilot', 'admin'], email: 'a@example.com', tenant: 'x' }
  const session = await signedIn(stage, replica)
  expect(session.grants.roles).toEqual(['pilot'])
  stage.provider.claims = { roles: 'ops', email: 'a@example.com' }
  stage.advance(300_000)
  await replica.refresh.freshen(session)
  const { grants } = await rowOf(replica, session)
  expect(grants.roles).toEqual(['ops'])
  expect(grants.claims).toEqual({
    sub: 'alice',
    roles: 'ops',
    email: 'a@example.com',
    email_verified: false,
  })
})

test('userinfo is read again behind a refresh, and its roles with it', async () => {
  const stage = await openStage(undefined, { claimsFrom: ['id_token', 'userinfo'] })
  const replica = await stage.replica()
  stage.provider.userinfo = { roles: ['pilot'] }
  const session = await signedIn(stage, replica)
  expect(session.grants.roles).toEqual(['pilot'])
  stage.provider.userinfo = { roles: ['ops'] }
  stage.advance(300_000)
  await replica.refresh.freshen(session)
  await replica.behind.idle()
  expect((await rowOf(replica, session)).grants.roles).toEqual(['ops'])
})

test('while userinfo is away, the roles that it told stay, and so does the session', async () => {
  const stage = await openStage(undefined, {
    claimsFrom: ['id_token', 'userinfo'],
    allow: { domains: [], users: [], roles: ['pilot'], claims: {} },
  })
  const replica = await stage.replica()
  stage.provider.userinfo = { roles: ['pilot'] }
  const session = await signedIn(stage, replica)
  stage.provider.userinfoStatus = 503
  stage.advance(300_000)
  expect(await replica.refresh.freshen(session)).toMatchObject({ kind: 'good', late: false })
  await replica.behind.idle()
  expect((await rowOf(replica, session)).grants.roles).toEqual(['pilot'])
})

test('scenario R16: another subject in the refreshed ID token ends the session, and its tokens go back', async () => {
  const stage = await openStage()
  const replica = await stage.replica()
  const session = await signedIn(stage, replica)
  stage.provider.idToken = { sub: 'mallory' }
  stage.advance(300_000)
  expect(await replica.refresh.freshen(session)).toMatchObject({
    kind: 'ended',
    end: { reason: 'idp_refused' },
  })
  await replica.behind.idle()
  await replica.handBackDue()
  expect(stage.provider.revoked).toContain(stage.provider.issued.at(-1)?.refreshToken)
})

test('a session in use is refreshed ahead of its tokens’ end, and nobody waits for it', async () => {
  const stage = await openStage()
  const replica = await stage.replica()
  const session = await signedIn(stage, replica)
  expect(replica.refresh.standing(session).kind).toBe('good')
  stage.advance(299_000)
  expect(replica.refresh.standing(session).kind).toBe('ahead')
  stage.provider.latencyMs = 50
  const answer = await replica.refresh.freshen(session)
  expect(answer).toEqual({ kind: 'good', session, late: false })
  await replica.behind.idle()
  expect((await rowOf(replica, session)).provider?.tokensVersion).toBe(2)
  expect(stage.provider.grants).toHaveLength(1)
})

test('rule 22 siblings: where the provider revokes the whole grant, it is not asked while another session lives', async () => {
  const stage = await openStage(undefined, { preset: 'google' })
  const replica = await stage.replica()
  const session = await signedIn(stage, replica)
  const sibling = await signedIn(stage, replica)
  for (const one of [session, sibling]) {
    stage.provider.idToken = { sub: 'mallory' }
    stage.advance(300_000)
    await replica.refresh.freshen(one)
    await replica.behind.idle()
    await replica.handBackDue()
    const asked = stage.provider.revoked.length > 0
    expect(asked).toBe(one === sibling)
  }
  const handedBack = replica.counted.filter((one) => one.startsWith('revocation'))
  // Of each, the tokens of the row, and those that came back for it.
  const [siblings, revoked] = ['revocation siblings', 'revocation revoked']
  expect(handedBack).toEqual([siblings, siblings, revoked, revoked])
})
