/* Sessions to test with, each as a start leaves it: version 1, generation 1, a first access token. */
import {
  addMs,
  type ClientId,
  instant,
  type Joiner,
  type KeyId,
  type LiveSession,
  type ProviderLink,
  type Salt,
  type Sender,
  type SessionId,
  type TokenId,
  toSeconds,
  type Uid,
} from '#domain'

const minute = 60_000
const hour = 60 * minute

/** When the sessions of the tests begin. */
export const t0 = instant(1_800_000_000_000)

export const owner: Sender = { clientId: 'app' as ClientId, dpopThumbprint: null }

export interface Wanted {
  readonly sid?: string
  readonly at?: LiveSession['origin']['createdAt']
  readonly clientId?: string
  readonly device?: string
  readonly deviceId?: string | null
  readonly slot?: string | null
  readonly acr?: string | null
  readonly roles?: readonly string[]
  readonly dpopThumbprint?: string | null
  readonly refreshable?: boolean
  readonly generation?: number
  readonly idleTtlMs?: number
  readonly absoluteTtlMs?: number
  readonly accessTtlMs?: number
  readonly provider?: Partial<ProviderLink> | null
}

export function session(wanted: Wanted = {}): LiveSession {
  const at = wanted.at ?? t0
  const origin = originOf(wanted, at)
  const minted = {
    jti: 'start@0s' as TokenId,
    iat: toSeconds(at),
    exp: toSeconds(addMs(at, wanted.accessTtlMs ?? 5 * minute)),
    keyId: 'signing-1',
    grantsVersion: 1,
  }
  return {
    kind: 'live',
    version: 1,
    origin,
    profile: { deviceName: null, ip: null, userAgent: null },
    life: { lastSeenAt: at, idleExpiresAt: addMs(at, wanted.idleTtlMs ?? 24 * 7 * hour) },
    grants: { version: 1, roles: wanted.roles ?? ['pilot'], claims: {}, scope: 'openid' },
    rotation:
      wanted.refreshable === false
        ? null
        : {
            generation: wanted.generation ?? 1,
            rotatedAt: at,
            keyId: 'secret-1' as KeyId,
            dpopThumbprint: wanted.dpopThumbprint ?? null,
            minted,
          },
    access: { newest: minted, latestExp: minted.exp },
    sessionToken: { generation: 1, keyId: 'secret-1' as KeyId },
    provider: wanted.provider === undefined ? null : providerLink(wanted.provider),
  }
}

function originOf(wanted: Wanted, at: LiveSession['origin']['createdAt']): LiveSession['origin'] {
  return {
    sid: (wanted.sid ?? 's1') as SessionId,
    uid: 'alice' as Uid,
    clientId: (wanted.clientId ?? 'app') as ClientId,
    device: wanted.device ?? 'app',
    deviceId: wanted.deviceId ?? null,
    slot: wanted.slot === undefined ? (wanted.device ?? 'app') : wanted.slot,
    parentSid: null,
    createdAt: at,
    absoluteExpiresAt: addMs(at, wanted.absoluteTtlMs ?? 30 * 24 * hour),
    authTime: toSeconds(at),
    amr: null,
    acr: wanted.acr ?? null,
    salt: 'c2FsdHNhbHRzYWx0c2Fs' as Salt,
  }
}

function providerLink(wanted: Partial<ProviderLink> | null): ProviderLink | null {
  if (wanted === null) return null
  return {
    providerId: 'main',
    issuer: 'https://idp.example.com',
    subject: 'alice-at-idp',
    providerSid: null,
    verifiedEmail: null,
    sealedTokens: 'p1',
    tokensVersion: 1,
    tokensExpireAt: addMs(t0, hour),
    refreshTokenIssuedAt: t0,
    refreshLost: false,
    lease: null,
    attemptedAt: null,
    undecided: false,
    retryAt: null,
    ...wanted,
  }
}

export function joiner(wanted: Partial<Joiner> = {}): Joiner {
  return { clientId: owner.clientId, providerId: null, roles: ['pilot'], acr: null, ...wanted }
}
