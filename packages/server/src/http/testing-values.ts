/* What the tests of this room take for granted: a policy, sessions, settings. Imported by tests alone. */
import type { AuditRow, Authority, ClientRules, DeviceRules, FeedPage, Policy } from '#authority'
import type {
  ClientId,
  Epoch,
  EpochSeconds,
  Instant,
  KeyId,
  LiveSession,
  Salt,
  Session,
  SessionId,
  Uid,
} from '#domain'
import type { HttpDeps, HttpSettings } from './deps.ts'
import { plainBrand } from './pages/index.ts'

export const nowMs = 1_767_225_600_000 as Instant
export const nowSeconds = nowMs / 1000

const device: DeviceRules = {
  policy: { policy: 'multiple', limit: null },
  idleTtlMs: 3_600_000,
  absoluteTtlMs: 86_400_000,
  lostResponseMs: 0,
}

export function sidOf(n: number): SessionId {
  return `019b76da-a800-7abc-8def-${String(n).padStart(12, '0')}` as SessionId
}

function clientRules(id: string, more: Partial<ClientRules> = {}): ClientRules {
  return {
    id: id as ClientId,
    confidential: true,
    roles: [],
    mayGrant: [],
    mayStartAdmins: false,
    grants: ['refresh_token', 'client_credentials'],
    device: 'web',
    deviceGrantDevice: 'web',
    scopes: ['openid', 'profile'],
    redirectUris: [],
    postLogoutRedirectUris: [],
    dpop: 'offered',
    ...more,
  }
}

const clients = new Map(
  [
    clientRules('backend', { roles: ['issuer'], mayGrant: ['pilot'] }),
    clientRules('exchanger', {
      grants: ['refresh_token', 'urn:ietf:params:oauth:grant-type:token-exchange'],
    }),
    clientRules('reader', { roles: ['service'] }),
    clientRules('operator', { roles: ['admin'] }),
    clientRules('plain'),
    clientRules('strict', { confidential: false, grants: ['refresh_token'], dpop: 'required' }),
    clientRules('careful', { confidential: false, grants: ['refresh_token'], dpop: 'nonce' }),
    clientRules('mobile', { confidential: false, grants: ['refresh_token'] }),
  ].map((client) => [client.id, client]),
)

export const policy: Policy = {
  issuer: 'https://auth.example.com',
  refreshTtlMs: 1,
  refreshGraceMs: 1,
  audience: ['https://api.example.com'],
  accessClaims: [],
  client: (id) => clients.get(id),
  device: (name) => (['web', 'app', 'pc'].includes(name) ? device : undefined),
  fallback: device,
  userRoles: ({ uid }) => (uid === 'root' ? ['admin'] : []),
  accessTtlSeconds: () => 300,
}

export function sessionOf(n: number, uid: string, roles: readonly string[] = []): LiveSession {
  const later = (nowMs + 3_600_000) as Instant
  return {
    kind: 'live',
    version: 1,
    origin: {
      sid: sidOf(n),
      uid: uid as Uid,
      clientId: 'mobile' as ClientId,
      device: 'web',
      deviceId: null,
      slot: null,
      parentSid: null,
      createdAt: nowMs,
      absoluteExpiresAt: later,
      authTime: nowSeconds as EpochSeconds,
      amr: null,
      acr: null,
      salt: 'salt' as Salt,
    },
    profile: { deviceName: null, ip: '192.0.2.1', userAgent: 'test' },
    life: { lastSeenAt: nowMs, idleExpiresAt: later },
    grants: { version: 1, roles, claims: {}, scope: '' },
    rotation: null,
    access: { newest: null, latestExp: 0 as EpochSeconds },
    sessionToken: { generation: 1, keyId: 'key1' as KeyId },
    provider: null,
  }
}

export const defaultSettings: Omit<HttpSettings, 'corsOrigins'> = {
  publicUrl: 'https://auth.example.com',
  trustedProxies: [],
  limits: {
    tokenRequestsPerSession: { perSecond: 20, burst: 600 },
    tokenRequestsPerAddress: { perSecond: 100, burst: 3000 },
    failedClientAuth: { perSecond: 1 / 6, burst: 20 },
    sessionStarts: { perSecond: 10, burst: 600 },
    signIns: { perSecond: 2, burst: 60 },
    deviceAuthorizations: { perSecond: 1, burst: 30 },
    userCodeGuesses: { perSecond: 1 / 6, burst: 10 },
    eventStreamsPerCaller: 2,
    eventStreams: 3,
  },
  pages: () => ({ ...plainBrand, defaultLanguage: 'en' }),
  bodyLimitBytes: 65_536,
  metricsElsewhere: false,
  adminElsewhere: false,
  algorithm: 'ES256',
  keepAliveMs: 15_000,
}

const epoch = 'abcd' as Epoch

export function page(parts: Partial<FeedPage> = {}): FeedPage {
  const head = { epoch, seq: 3 }
  return { entries: [], head, cursor: head, more: false, reset: false, now: nowMs, ...parts }
}

/** Rows in memory, the newest first; filters are the store's matter. */
export function fakeAudit(acts: AuditRow[]): Pick<Authority, 'record' | 'audit'> {
  return {
    record: async (by, act) => {
      acts.push({ ...act, actor: by ?? 'shell', id: acts.length + 1, at: nowMs })
    },
    audit: async ({ before, limit }) => {
      const rows = acts.toReversed().filter(({ id }) => before === null || id < before)
      return { rows: rows.slice(0, limit), more: rows.length > limit }
    },
  }
}

export function liveOf(sessions: ReadonlyMap<SessionId, Session>, uid: Uid): number {
  return [...sessions.values()].filter((one) => one.kind === 'live' && one.origin.uid === uid)
    .length
}

/** `<id>-secret` is a client's secret, and `<id>.signed` its assertion. */
export const fakeClients: HttpDeps['clients'] = {
  secretMatches: (id, presented) => presented.reveal() === `${id}-secret`,
  claimant: (assertion) => assertion.split('.')[0] as ClientId,
  assertion: async (assertion) =>
    assertion.endsWith('.signed')
      ? { kind: 'accepted', clientId: assertion.split('.')[0] as ClientId }
      : { kind: 'rejected' },
  assertionAlgorithms: ['ES256'],
}
