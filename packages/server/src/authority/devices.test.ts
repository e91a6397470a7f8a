import { describe, expect, test } from 'vitest'
import {
  type ClientRules,
  createDeviceAuthority,
  type DeviceAuthority,
  deviceCodeGrant,
  type SessionQuery,
} from '#authority'
import {
  type ClientId,
  type LiveSession,
  type ProviderLink,
  reason,
  Secret,
  type SessionId,
  toSeconds,
  type Uid,
} from '#domain'
import { day, mobile, openWorld, started, type World } from '#test/authority/rooms.ts'
import { createDeviceCodes, createSealer, KeyRing } from '#tokens'
import { prune } from './keep-house.ts'

const tv: ClientRules = {
  ...mobile,
  id: 'tv' as ClientId,
  grants: ['refresh_token', deviceCodeGrant],
  scopes: ['openid', 'profile'],
}
const minuteMs = 60_000
const alice = 'alice' as Uid

interface Living {
  readonly world: World
  readonly devices: DeviceAuthority
  readonly phone: LiveSession
}

async function openLiving(): Promise<Living> {
  const world = await openWorld()
  world.clients.set(tv.id, tv)
  const secret = new Secret(Buffer.alloc(32, 7).toString('base64url'))
  const ring = new KeyRing([secret])
  await ring.register(world.store, 0)
  const { store, rooms } = world
  const seal = createSealer(ring, rooms.clock)
  const codes = createDeviceCodes(ring, rooms.clock)
  const devices = createDeviceAuthority({ rooms, store, codes, seal })
  const { session } = await started(world, { uid: alice, device: 'web', roles: ['pilot'] })
  return { world, devices, phone: session }
}

async function shown({ devices }: Living) {
  const request = { clientId: tv.id, scope: 'openid', resources: [], ip: '192.0.2.9' }
  const { deviceCode, userCode, watch } = await devices.begin({ ...request, userAgent: 'TV/1' })
  return { deviceCode, code: userCode.reveal(), watch: watch.reveal() }
}

async function approved(living: Living, by = living.phone) {
  const screen = await shown(living)
  await living.devices.scan(by, screen.code)
  expect(await living.devices.decide(by, screen.code, 'approved')).toEqual({ kind: 'done' })
  return screen
}

const redeem = ({ devices }: Living, deviceCode: Secret, client = tv) =>
  devices.redeem({
    ...{ client, deviceCode, ip: '192.0.2.9', userAgent: 'TV/1' },
    dpopThumbprint: null,
  })

async function child(living: Living, by = living.phone): Promise<LiveSession> {
  const answer = await redeem(living, (await approved(living, by)).deviceCode)
  if (answer.kind !== 'redeemed') throw new Error(answer.why)
  return answer.tokens.session
}

async function standingOf({ world }: Living, { origin }: LiveSession): Promise<string> {
  const read = await world.store.read(origin.sid)
  return read?.session.kind === 'ended' ? read.session.end.reason : (read?.session.kind ?? 'gone')
}

const waiting = { kind: 'refused', why: 'authorization_pending' }
const denied = { kind: 'refused', why: 'access_denied' }
const used = { kind: 'refused', why: 'invalid_grant' }
const unknown = { kind: 'refused', why: 'unknown' }

describe('what becomes of a code', () => {
  test('scenario S62: it is pending, and expires for the screen, the phone and the poll', async () => {
    const living = await openLiving()
    const { deviceCode, code, watch } = await shown(living)
    expect((await living.devices.watched(watch))?.standing).toBe('pending')
    living.world.advance(10 * minuteMs)
    expect((await living.devices.watched(watch))?.standing).toBe('expired')
    expect(await redeem(living, deviceCode)).toEqual({ kind: 'refused', why: 'expired_token' })
    expect(await living.devices.scan(living.phone, code)).toEqual(unknown)
  })

  test('scenario S63: rule 31 approval: scanned and not approved, it opens nothing', async () => {
    const living = await openLiving()
    const { deviceCode, code, watch } = await shown(living)
    const scanned = await living.devices.scan(living.phone, ` ${code.toLowerCase()} `)
    const asks = { clientId: 'tv', scope: 'openid', ip: '192.0.2.9', userAgent: 'TV/1' }
    expect(scanned).toMatchObject({ kind: 'scanned', row: asks })
    expect(await redeem(living, deviceCode)).toEqual(waiting)
    expect((await living.devices.watched(watch))?.standing).toBe('scanned')
  })

  test('scenario S64: another code or another client’s: one answer, and the code is not burnt', async () => {
    const living = await openLiving()
    const { deviceCode, code, watch } = await approved(living)
    const radio = { ...tv, id: 'radio' as ClientId }
    const answers = [
      await redeem(living, new Secret('cfd_unknown')),
      await redeem(living, new Secret(code)),
      await redeem(living, new Secret(watch)),
      await redeem(living, deviceCode, radio),
    ]
    expect(answers).toEqual([used, used, used, used])
    expect(await redeem(living, deviceCode)).toMatchObject({ kind: 'redeemed' })
  })

  test('scenarios S65, S72: rule 31 approval: redeemed once, also by many at once, and never again', async () => {
    const living = await openLiving()
    const { deviceCode } = await approved(living)
    const answers = await Promise.all([1, 2, 3, 4].map(() => redeem(living, deviceCode)))
    expect(answers.filter(({ kind }) => kind === 'redeemed')).toHaveLength(1)
    expect(answers.filter(({ kind }) => kind === 'refused')).toEqual([used, used, used])
    expect(await redeem(living, deviceCode)).toEqual(used)
  })

  test('a start that fails burns nothing: approval and session are one transaction', async () => {
    const living = await openLiving()
    const { deviceCode } = await approved(living)
    const { rooms } = living.world
    const randomly = rooms.random.sessionId
    const taken = living.phone.origin.sid
    Object.assign(rooms.random, { sessionId: () => taken })
    await expect(redeem(living, deviceCode)).rejects.toThrow()
    Object.assign(rooms.random, { sessionId: randomly })
    expect(await redeem(living, deviceCode)).toMatchObject({ kind: 'redeemed' })
  })

  test('scenario S66: rule 31 approval: the session that scanned owns it, and no other decides', async () => {
    const living = await openLiving()
    const { session: thief } = await started(living.world, { uid: 'mallory' as Uid, device: 'web' })
    const { session: tablet } = await started(living.world, { uid: alice, device: 'web' })
    const { deviceCode, code } = await shown(living)
    const { devices, phone } = living
    const notYet = { kind: 'refused', why: 'not-scanned' }
    expect(await devices.decide(phone, code, 'approved')).toEqual(notYet)
    expect(await devices.scan(phone, code)).toMatchObject({ kind: 'scanned' })
    const others = { kind: 'refused', why: 'of-another-session' }
    for (const stranger of [thief, tablet]) {
      expect(await devices.scan(stranger, code)).toEqual(others)
      expect(await devices.decide(stranger, code, 'approved')).toEqual(others)
      expect(await devices.decide(stranger, code, 'denied')).toEqual(others)
    }
    expect(await devices.scan(phone, code)).toMatchObject({ kind: 'scanned' })
    expect(await redeem(living, deviceCode)).toEqual(waiting)
    expect(await devices.decide(phone, code, 'approved')).toEqual({ kind: 'done' })
  })

  test('scenario S69: it is decided once; what comes later changes nothing', async () => {
    const living = await openLiving()
    const { deviceCode, code } = await approved(living)
    const late = { kind: 'refused', why: 'decided' }
    expect(await living.devices.decide(living.phone, code, 'approved')).toEqual(late)
    expect(await living.devices.decide(living.phone, code, 'denied')).toEqual(late)
    expect(await redeem(living, deviceCode)).toMatchObject({ kind: 'redeemed' })
  })

  test('a denied one opens nothing', async () => {
    const living = await openLiving()
    const { deviceCode, code, watch } = await shown(living)
    await living.devices.scan(living.phone, code)
    expect(await living.devices.decide(living.phone, code, 'denied')).toEqual({ kind: 'done' })
    expect(await redeem(living, deviceCode)).toEqual(denied)
    expect((await living.devices.watched(watch))?.standing).toBe('denied')
  })

  test('scenario S68: an approval that comes too late does not revive it', async () => {
    const living = await openLiving()
    const { deviceCode, code } = await shown(living)
    await living.devices.scan(living.phone, code)
    living.world.advance(10 * minuteMs)
    expect(await living.devices.decide(living.phone, code, 'approved')).toEqual(unknown)
    expect(await redeem(living, deviceCode)).toEqual({ kind: 'refused', why: 'expired_token' })
  })

  test('scenario S75: without the grant no code can be looked at', async () => {
    const living = await openLiving()
    const { code } = await shown(living)
    living.world.clients.set(tv.id, { ...tv, grants: ['refresh_token'] })
    expect(await living.devices.scan(living.phone, code)).toEqual(unknown)
  })

  test('RFC 8628: whoever polls too fast waits five seconds longer each time', async () => {
    const living = await openLiving()
    const { deviceCode } = await shown(living)
    const slower = { kind: 'refused', why: 'slow_down' }
    expect(await redeem(living, deviceCode)).toEqual(waiting)
    expect(await redeem(living, deviceCode)).toEqual(slower)
    living.world.advance(6000)
    expect(await redeem(living, deviceCode)).toEqual(slower)
    living.world.advance(15_000)
    expect(await redeem(living, deviceCode)).toEqual(waiting)
  })

  test('a screen that hears of the approval may come at once', async () => {
    const living = await openLiving()
    const { deviceCode, code } = await shown(living)
    await living.devices.scan(living.phone, code)
    expect(await redeem(living, deviceCode)).toEqual(waiting)
    await living.devices.decide(living.phone, code, 'approved')
    expect(await redeem(living, deviceCode)).toMatchObject({ kind: 'redeemed' })
  })

  test('rule 19 no secret in a URL: the watch token watches, and is good for nothing else', async () => {
    const living = await openLiving()
    const { deviceCode, code, watch } = await shown(living)
    expect(await living.devices.watched(deviceCode.reveal())).toBeUndefined()
    expect(await living.devices.watched(code)).toBeUndefined()
    expect(await living.devices.scan(living.phone, watch)).toEqual(unknown)
    expect(await redeem(living, new Secret(watch))).toEqual(used)
  })
})

describe('rule 31 approval: the new session', () => {
  test('is the approver’s, on its own device, and never outlives the approver', async () => {
    const living = await openLiving()
    living.world.advance(day)
    const { origin, grants, rotation } = await child(living)
    const parent = living.phone.origin
    expect(origin).toMatchObject({
      ...{ uid: alice, clientId: 'tv', device: 'web', parentSid: parent.sid },
      ...{ authTime: parent.authTime, amr: parent.amr, acr: parent.acr },
      absoluteExpiresAt: parent.absoluteExpiresAt,
    })
    expect(origin.authTime).toBeLessThan(toSeconds(origin.createdAt))
    expect(grants).toMatchObject({ roles: ['pilot'], scope: 'openid' })
    expect(rotation).not.toBeNull()
  })

  test('has the provider identity, and none of the provider’s tokens', async () => {
    const living = await openLiving()
    const parent = await withProvider(living)
    const { provider, origin } = await child(living, parent)
    expect(provider).toMatchObject({
      ...{ providerId: 'main', issuer: 'https://idp.example.com', subject: 'alice' },
      ...{ providerSid: 'psid', verifiedEmail: 'alice@example.com' },
      ...{ refreshTokenIssuedAt: null, tokensExpireAt: origin.absoluteExpiresAt },
    })
    expect(provider?.sealedTokens).not.toBe(parent.provider?.sealedTokens)
  })

  test('scenario S71: rule 31 approval: whoever was signed out does not approve', async () => {
    const living = await openLiving()
    const { code } = await shown(living)
    await living.devices.scan(living.phone, code)
    await living.world.authority.logoutOne(living.phone.origin.sid, alice)
    const ended = { kind: 'refused', why: 'caller-ended' }
    expect(await living.devices.decide(living.phone, code, 'approved')).toEqual(ended)
  })

  const between: readonly (readonly [string, (living: Living) => Promise<unknown>])[] = [
    [
      'the approver signs out',
      ({ world, phone }) => world.authority.logoutOne(phone.origin.sid, alice),
    ],
    [
      'scenarios S52, S54: they sign out everywhere',
      ({ world, phone }) => world.authority.logoutMany(phone, 'all'),
    ],
    [
      'they sign all others out from another device',
      async ({ world }) => {
        const { session } = await started(world, { uid: alice, device: 'web' })
        return world.authority.logoutMany(session, 'others')
      },
    ],
    [
      'rule 1 fence: the approver’s own session is spared by a sign-out of the others',
      ({ world, phone }) => world.authority.logoutMany(phone, 'others'),
    ],
    [
      'scenario S70: they are disabled',
      ({ world }) => world.authority.revokeUser({ ...everyone, disable: true }),
    ],
    [
      'they are disabled and enabled again',
      async ({ world }) => {
        await world.authority.revokeUser({ ...everyone, disable: true })
        await world.authority.enableUser(alice, null)
      },
    ],
  ]
  const everyone = { uid: alice, reason: reason('userDisabled'), by: null, except: null }

  test.each(between)('is refused when, between approval and redemption, %s', async (_what, act) => {
    const living = await openLiving()
    const { deviceCode } = await approved(living)
    await act(living)
    expect(await redeem(living, deviceCode)).toEqual(denied)
    const page = await living.world.authority.list({ ...everything, clientId: tv.id })
    expect(page.sessions).toEqual([])
  })
})

describe('rule 31 approval: the end of the approver', () => {
  const ends: readonly (readonly [string, string, (living: Living) => Promise<unknown>])[] = [
    [
      'an administrator',
      'stolen',
      ({ world, phone }) =>
        world.authority.revokeSession({ ...order(phone.origin.sid), reason: 'stolen' as never }),
    ],
    [
      'an administrator who gives the user’s reason',
      'user_logout',
      ({ world, phone }) =>
        world.authority.revokeSession({ ...order(phone.origin.sid), reason: reason('userLogout') }),
    ],
    ['disabling', 'user_disabled', ({ world }) => world.authority.revokeUser(disable)],
  ]
  const order = (sid: SessionId) => ({ sid, by: null })
  const disable = {
    ...{ uid: alice, reason: reason('userDisabled'), by: null, except: null },
    disable: true,
  }

  test.each(ends)('by %s ends what it approved, and what that approved', async (_who, why, end) => {
    const living = await openLiving()
    const screen = await child(living)
    const grandchild = await child(living, screen)
    await end(living)
    expect(await standingOf(living, screen)).toBe(why)
    expect(await standingOf(living, grandchild)).toBe(why)
    const sids = [living.phone, screen, grandchild].map(({ origin }) => origin.sid)
    expect(sids.map((sid) => living.world.denied.has(sid))).toEqual([true, true, true])
    const { entries } = await living.world.store.tail(null)
    expect(entries.map(({ sid }) => sid).toSorted()).toEqual(sids.toSorted())
  })

  test('by reuse of its refresh token ends what it approved', async () => {
    const living = await openLiving()
    const thief = await started(living.world, { uid: alice, device: 'web' })
    const screen = await child(living, thief.session)
    const again = (token: string | null) =>
      living.world.authority.refresh({
        ...{ token: token ?? '', clientId: mobile.id, dpopThumbprint: null },
        ...{ seen: { ip: null, userAgent: null }, wish: { resources: [], scope: null } },
      })
    const first = await again(thief.refreshToken)
    if (first.kind !== 'refreshed') throw new Error(first.kind)
    await again(first.tokens.refreshToken)
    living.world.advance(minuteMs)
    await again(thief.refreshToken)
    expect(await standingOf(living, thief.session)).toBe('refresh_reuse')
    expect(await standingOf(living, screen)).toBe('refresh_reuse')
  })

  test('by the provider ends what it approved, also where the provider knows no sid', async () => {
    for (const providerSid of ['psid', null]) {
      const living = await openLiving()
      const parent = await withProvider(living, providerSid)
      const { now } = await living.world.store.tail(0)
      living.world.advance(minuteMs)
      const screen = await child(living, parent)
      const target =
        providerSid === null
          ? ({ by: 'subject', subject: 'alice', createdUntil: now } as const)
          : ({ by: 'sid', providerSid, of: null } as const)
      const issuer = 'https://idp.example.com'
      await living.world.store.endByProvider({ issuer, target, once: null, rememberMs: 0 })
      expect(await standingOf(living, parent)).toBe('idp_logout')
      expect(await standingOf(living, screen)).toBe('idp_logout')
    }
  })

  test('scenario S38: by its own sign-out leaves what it approved', async () => {
    const living = await openLiving()
    const screen = await child(living)
    await living.world.authority.logoutOne(living.phone.origin.sid, alice)
    expect(await standingOf(living, living.phone)).toBe('user_logout')
    expect(await standingOf(living, screen)).toBe('live')
  })

  test('an end reaches past a session between that signed out by itself', async () => {
    const living = await openLiving()
    const screen = await child(living)
    const grandchild = await child(living, screen)
    await living.world.authority.logoutOne(screen.origin.sid, alice)
    await living.world.authority.revokeSession({
      ...{ sid: living.phone.origin.sid, by: null, reason: reason('adminRevoke') },
    })
    expect(await standingOf(living, screen)).toBe('user_logout')
    expect(await standingOf(living, grandchild)).toBe('admin_revoke')
  })

  test('a sibling that somebody else approved stays', async () => {
    const living = await openLiving()
    const { session: tablet } = await started(living.world, { uid: alice, device: 'web' })
    const screen = await child(living, tablet)
    await living.world.authority.revokeSession({
      ...{ sid: living.phone.origin.sid, by: null, reason: reason('adminRevoke') },
    })
    expect(await standingOf(living, screen)).toBe('live')
  })
})

const everything: SessionQuery = {
  uid: null,
  state: 'all',
  device: null,
  clientId: null,
  reason: null,
  ip: null,
  search: null,
  before: null,
  limit: 50,
}

/** A session that a provider vouches for, with tokens of its own. */
async function withProvider(
  { world }: Living,
  providerSid: string | null = 'psid',
): Promise<LiveSession> {
  const { session } = await started(world, { uid: 'template' as Uid, device: 'web' })
  const sid = world.rooms.random.sessionId(world.rooms.clock.now())
  const provider: ProviderLink = {
    ...{ providerId: 'main', issuer: 'https://idp.example.com', subject: 'alice', providerSid },
    ...{ verifiedEmail: 'alice@example.com', sealedTokens: 'sealed', tokensVersion: 1 },
    ...{ tokensExpireAt: session.origin.absoluteExpiresAt, refreshLost: false, lease: null },
    ...{ refreshTokenIssuedAt: session.origin.createdAt, attemptedAt: null, undecided: false },
    retryAt: null,
  }
  const candidate = { ...session, origin: { ...session.origin, sid, uid: alice }, provider }
  const joiner = { clientId: mobile.id, providerId: 'main', roles: [], acr: null }
  const result = await world.store.start({
    ...{ candidate, applicant: { deviceId: null, mayJoin: false, joiner } },
    ...{ policy: { policy: 'multiple', limit: null }, fence: await world.store.fence() },
    voucher: null,
  })
  if (result.kind !== 'started') throw new Error(result.kind)
  return candidate
}

test('rule 31 approval: a session that others descend from keeps its row, so an end still finds them', async () => {
  const living = await openLiving()
  const first = await child(living)
  const second = await child(living, first)
  await living.world.authority.logoutOne(first.origin.sid, alice)
  living.world.advance(2 * day)
  const limits = { feedRetentionMs: day, endedRetentionMs: day, rowsMax: 500 }
  await prune(living.world.store, limits)
  expect(await standingOf(living, first)).toBe('user_logout')
  const cause = { by: null, reason: reason('adminRevoke') }
  await living.world.authority.revokeSession({ sid: living.phone.origin.sid, ...cause })
  expect(await standingOf(living, second)).toBe('admin_revoke')
})
