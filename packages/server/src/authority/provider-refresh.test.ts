import { expect, test } from 'vitest'
import {
  addMs,
  type ClientId,
  type EpochSeconds,
  type LiveSession,
  reason,
  Secret,
  type SessionId,
  type Uid,
} from '#domain'
import { openWorld, type World } from '#test/authority/rooms.ts'
import { apply } from './apply.ts'
import { Behind } from './behind.ts'
import { createGatewayAuthority } from './gateway-authority.ts'
import { StoreUnavailable } from './ports.ts'
import type { GrantResult, TokenSeal } from './provider-ports.ts'
import { createProviderRefresh } from './provider-refresh.ts'
import { sealTokens } from './provider-tokens.ts'
import { signIn } from './sign-in.ts'

const lifeMs = 300_000
const rules = {
  ...{ timeoutMs: 2000, graceOnFaultMs: 300_000, maxRefreshTokenAgeMs: null },
  revocation: 'token',
} as const

const seal: TokenSeal = {
  seal: (_purpose, _identity, plaintext) => plaintext.reveal(),
  unseal: (_purpose, _identity, sealed) => ({ kind: 'opened', plaintext: new Secret(sealed) }),
}

const tokens = (name: string) => ({
  accessToken: new Secret(`access ${name}`),
  idToken: null,
  refreshToken: new Secret(`refresh ${name}`),
})

async function signedIn(world: World): Promise<LiveSession> {
  const { rooms } = world
  const answer = await signIn(rooms, seal, {
    identity: {
      ...{ providerId: 'main', issuer: 'https://idp.example.com', subject: 'alice' },
      ...{ providerSid: null, uid: 'main:alice' as Uid, roles: [], claims: {} },
      ...{ verifiedEmail: null, acr: null, amr: null, authTime: null as EpochSeconds | null },
      tokens: tokens('1'),
      tokensExpireAt: addMs(rooms.clock.now(), lifeMs),
    },
    ...{ fence: await world.store.fence(), previous: [], clientId: 'gateway' as ClientId },
    ...{ scope: '', ip: null, userAgent: null },
  })
  if (answer.kind !== 'signed-in') throw new Error(answer.kind)
  return answer.session
}

/** A replica whose provider answers as it is told, and whose waiting only a hint can end. */
async function stage() {
  const world = await openWorld()
  const session = await signedIn(world)
  const { sid } = session.origin
  const listeners: ((sid: SessionId | undefined) => void)[] = []
  const state = {
    reads: 0,
    storeIsAway: false,
    lastKnown: undefined as LiveSession | undefined,
    pauses: [] as number[],
    announced: [] as SessionId[],
    asked: 0,
    answer: async (): Promise<GrantResult> => ({
      ...{ kind: 'tokens', tokens: tokens('2'), rotated: true, grants: undefined },
      expiresAt: addMs(world.rooms.clock.now(), lifeMs),
    }),
  }
  const read = async (id: SessionId) => {
    state.reads++
    if (state.storeIsAway) throw new StoreUnavailable(new Error('away'))
    return world.store.read(id)
  }
  const rooms = {
    ...world.rooms,
    store: { ...world.rooms.store, read },
    cache: { ...world.rooms.cache, lastKnown: () => state.lastKnown },
  }
  const behind = new Behind()
  const shared = {
    ...{ rooms, seal, behind, store: world.store },
    grants: {
      rules: () => rules,
      refresh: async () => {
        state.asked++
        return state.answer()
      },
      reread: async () => undefined,
      revokeAtProvider: async () => ({ kind: 'revoked' }) as const,
    },
    signals: { refreshed: () => undefined },
  }
  const refresh = createProviderRefresh({
    ...shared,
    owner: () => `attempt ${state.asked}`,
    jitter: () => 0.5,
    hints: {
      announceSession: (one) => void state.announced.push(one),
      onSessionHint: (listener) => {
        listeners.push(listener)
        return () => undefined
      },
    },
    pause: (milliseconds, signal) => {
      state.pauses.push(milliseconds)
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
    },
  })
  const hint = (about: SessionId | undefined) => {
    for (const listener of listeners) listener(about)
  }
  return { world, rooms, shared, refresh, behind, state, session, sid, hint }
}

const elsewhere = { kind: 'take-lease', sent: 1, owner: 'elsewhere', leaseMs: 3000 } as const

test('a crowd shares one flight and one grant, and the others are told of it', async () => {
  const { world, refresh, behind, state, session, sid } = await stage()
  world.advance(lifeMs)
  const crowd = await Promise.all(Array.from({ length: 50 }, () => refresh.freshen(session)))
  expect(new Set(crowd.map(({ kind }) => kind))).toEqual(new Set(['good']))
  await behind.idle()
  expect(state).toMatchObject({ asked: 1, reads: 1, announced: [sid] })
})

test('whoever waits for another replica looks when a hint is about its session, less and less often by itself', async () => {
  const { world, refresh, state, session, sid, hint } = await stage()
  world.advance(lifeMs)
  await apply(world.rooms, sid, () => elsewhere)
  const waiting = refresh.freshen(session)
  for (let times = 1; times <= 6; times++) {
    await expect.poll(() => state.pauses.length).toBe(times)
    hint('another one' as SessionId)
    hint(times % 2 === 0 ? undefined : sid)
  }
  await expect.poll(() => state.pauses).toEqual([20, 40, 80, 160, 250, 250, 250])
  expect(state.reads).toBe(7)
  await apply(world.rooms, sid, () => ({
    ...{ kind: 'store-provider-tokens', sent: 1, rotated: true, grants: undefined },
    ...{ sealedTokens: sealTokens(seal, sid, tokens('2')), idleTtlMs: lifeMs },
    tokensExpireAt: addMs(world.rooms.clock.now(), lifeMs),
  }))
  hint(sid)
  expect(await waiting).toMatchObject({ kind: 'good', late: false })
  expect(state).toMatchObject({ asked: 0, reads: 8 })
})

test('rule 24 identity deadline: while the store is away, tokens that ran out serve on what is vouched for, to the end of the grace', async () => {
  const { world, refresh, state, session } = await stage()
  world.advance(lifeMs)
  state.storeIsAway = true
  await expect(refresh.freshen(session)).rejects.toBeInstanceOf(StoreUnavailable)
  state.lastKnown = session
  expect(await refresh.freshen(session)).toEqual({ kind: 'good', session, late: true })
  world.advance(rules.graceOnFaultMs)
  await expect(refresh.freshen(session)).rejects.toBeInstanceOf(StoreUnavailable)
  expect(state.asked).toBe(0)
})

test('rule 21 lease: nothing is sent under a lease that has run out by the time, and those who wait go on', async () => {
  const { refresh, world, state, session, sid, hint } = await stage()
  world.advance(lifeMs)
  const { answer } = state
  state.answer = async () => {
    state.answer = answer
    return { kind: 'too-late' }
  }
  const waiting = refresh.freshen(session)
  await expect.poll(() => state.pauses).toEqual([20])
  hint(sid)
  expect(await waiting).toMatchObject({ kind: 'good', late: false })
  expect(state.asked).toBe(2)
})

test('rule 22 siblings: a sign-out leaves the hand-over of its tokens to the outbox, in the end’s own transaction', async () => {
  const { rooms, shared, refresh, session, sid } = await stage()
  const gateway = createGatewayAuthority({
    ...{ ...shared, lastSeen: { note: () => undefined } },
    rooms: { ...rooms, refresh },
  })
  expect(await gateway.signOut({ cookies: [gateway.cookieOf(session)], sids: [] })).toMatchObject({
    ended: 1,
  })
  expect(await rooms.store.read(sid)).toMatchObject({
    session: { kind: 'ended', end: { reason: reason('userLogout') } },
  })
  const { effects } = await shared.store.effects({ state: 'waiting', limit: 10 })
  expect(effects).toMatchObject([{ sid, kind: 'provider_revocation', target: 'main', attempts: 0 }])
})
