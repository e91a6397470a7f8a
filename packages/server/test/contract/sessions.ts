/* Sessions and requests as the contract suite needs them; every call gives new ids. */
import { randomBytes } from 'node:crypto'
import type { SessionQuery, StartRequest, Store } from '#authority'
import {
  type Applicant,
  addMs,
  type ClientId,
  type DevicePolicy,
  type EpochSeconds,
  type Instant,
  instant,
  type KeyId,
  type LiveSession,
  type MintedAccess,
  parseClientId,
  parseUid,
  type Salt,
  type SessionId,
  sessionIdFrom,
  slotOf,
  type TokenId,
  toSeconds,
  type Uid,
} from '#domain'

export const minuteMs = 60_000
export const dayMs = 86_400_000

export function newSid(now: Instant = instant(Date.now())): SessionId {
  return sessionIdFrom(now, randomBytes(10))
}

export function newUid(): Uid {
  return parseUid(`user-${randomBytes(6).toString('hex')}`) as Uid
}

export const app = parseClientId('app') as ClientId

export interface Wish {
  readonly uid?: Uid
  readonly device?: string
  readonly deviceId?: string | null
  readonly policy?: DevicePolicy
  readonly mayJoin?: boolean
  readonly fence?: number
  readonly idleMs?: number
  readonly absoluteMs?: number
  /** Null: no access token was minted. */
  readonly accessSeconds?: number | null
  readonly roles?: readonly string[]
}

const multiple: DevicePolicy = { policy: 'multiple', limit: null }

export async function request(store: Store, wish: Wish = {}): Promise<StartRequest> {
  const { now } = await store.tail(0)
  const { policy = multiple, deviceId = null, mayJoin = true, roles = [] } = wish
  const candidate = sessionAt(now, wish)
  const joiner = { clientId: app, providerId: null, roles, acr: null }
  const applicant: Applicant = { deviceId, mayJoin, joiner }
  const fence = wish.fence ?? (await store.fence())
  return { candidate, applicant, policy, fence, voucher: null }
}

/** Starts a session that must start, and answers it as it was stored. */
export async function started(store: Store, wish: Wish = {}): Promise<LiveSession> {
  const asked = await request(store, wish)
  const result = await store.start(asked)
  if (result.kind !== 'started') throw new Error(`the start answered ${result.kind}`)
  return asked.candidate
}

export function sessionAt(now: Instant, wish: Wish = {}): LiveSession {
  const { uid = newUid(), device = 'web', deviceId = null, policy = multiple } = wish
  const { idleMs = 7 * dayMs, absoluteMs = 30 * dayMs, accessSeconds = 300 } = wish
  const minted = accessSeconds === null ? null : token(now, accessSeconds)
  return {
    kind: 'live',
    version: 1,
    origin: {
      sid: newSid(now),
      uid,
      clientId: app,
      device,
      deviceId,
      slot: slotOf(policy, device, deviceId),
      parentSid: null,
      createdAt: now,
      absoluteExpiresAt: addMs(now, absoluteMs),
      authTime: toSeconds(now),
      amr: ['pwd', 'otp'],
      acr: null,
      salt: randomBytes(16).toString('base64url') as Salt,
    },
    profile: { deviceName: 'Ada’s phone', ip: '192.0.2.7', userAgent: 'agent/1' },
    life: { lastSeenAt: now, idleExpiresAt: addMs(now, idleMs) },
    grants: {
      version: 1,
      roles: wish.roles ?? [],
      claims: { email: 'ada@example.com', nested: { list: [1, null] } },
      scope: 'openid',
    },
    rotation:
      minted === null
        ? null
        : {
            generation: 1,
            rotatedAt: now,
            keyId: 'AAAAAA' as KeyId,
            dpopThumbprint: null,
            minted,
          },
    access: { newest: minted, latestExp: minted?.exp ?? (0 as EpochSeconds) },
    sessionToken: { generation: 1, keyId: 'AAAAAA' as KeyId },
    provider: null,
  }
}

export function token(now: Instant, seconds: number): MintedAccess {
  const iat = toSeconds(now)
  return {
    jti: randomBytes(16).toString('base64url') as TokenId,
    iat,
    exp: (iat + seconds) as EpochSeconds,
    keyId: 'kid-1',
    grantsVersion: 1,
  }
}

/** Every column filled: the provider's part with a lease, a bound refresh token. */
export function fullSession(session: LiveSession): LiveSession {
  const now = session.origin.createdAt
  const minted = token(now, 60)
  return {
    ...session,
    origin: { ...session.origin, parentSid: newSid(now), acr: 'gold', amr: null },
    profile: { deviceName: null, ip: '2001:db8::1', userAgent: null },
    grants: { version: 7, roles: ['pilot', 'Ünïcode'], claims: { a: [] }, scope: '' },
    rotation: {
      generation: 3,
      rotatedAt: addMs(now, 1),
      keyId: 'BBBBBB' as KeyId,
      dpopThumbprint: 'thumb',
      minted,
    },
    access: { newest: token(now, 90), latestExp: (minted.exp + 900) as EpochSeconds },
    sessionToken: { generation: 4, keyId: 'CCCCCC' as KeyId },
    provider: {
      providerId: 'main',
      issuer: 'https://idp.example.com',
      subject: 'sub',
      providerSid: 'psid',
      verifiedEmail: 'alice@example.com',
      sealedTokens: 'sealed',
      tokensVersion: 9,
      tokensExpireAt: addMs(now, 2),
      refreshTokenIssuedAt: addMs(now, 3),
      refreshLost: true,
      lease: { owner: 'replica-1', until: addMs(now, 4) },
      attemptedAt: addMs(now, 5),
      undecided: false,
      retryAt: addMs(now, 6),
    },
  }
}

export const everySession: SessionQuery = {
  uid: null,
  state: 'all',
  device: null,
  clientId: null,
  reason: null,
  ip: null,
  search: null,
  before: null,
  limit: 100,
}
