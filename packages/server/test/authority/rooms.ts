import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import {
  type Alarm,
  type ClientRules,
  createAuthority,
  type DeviceRules,
  type IssueInput,
  type Policy,
  type RecordedEnd,
  type Rooms,
  type Store,
} from '#authority'
import {
  type ClientId,
  type Instant,
  instant,
  type LiveSession,
  Secret,
  type SessionId,
  type Uid,
} from '#domain'
import { openStore } from '#stores'
import {
  createAccessTokens,
  createCodeTokens,
  createIdTokens,
  createOpaqueTokens,
  createRandomness,
  createSealer,
  KeyRing,
  SigningKeys,
} from '#tokens'

export const issuer = 'https://auth.example.com'
export const day = 86_400_000

const app: DeviceRules = {
  policy: { policy: 'single' },
  idleTtlMs: 60 * day,
  absoluteTtlMs: 365 * day,
  lostResponseMs: day,
}

const devices: Readonly<Record<string, DeviceRules>> = {
  app,
  web: { ...app, policy: { policy: 'multiple', limit: 3 }, idleTtlMs: 7 * day, lostResponseMs: 0 },
  brief: { ...app, policy: { policy: 'multiple', limit: null }, idleTtlMs: 20_000 },
  pc: { ...app, policy: { policy: 'shared' }, lostResponseMs: 0 },
}

/** Everything real but the network: the SQLite store in a folder of its own, and a cache without judgement. */
export interface World {
  readonly rooms: Rooms
  readonly store: Store
  readonly authority: ReturnType<typeof createAuthority>
  readonly alarms: Alarm[]
  readonly counted: string[]
  /** The cache as a bare map: what stands in it is believed, so that tests can plant what is stale. */
  readonly cached: Map<SessionId, LiveSession>
  /** What other replicas are said to remember; asked after `cached`. */
  readonly shared: Map<SessionId, LiveSession>
  readonly recalled: SessionId[]
  readonly denied: Set<SessionId>
  readonly announced: SessionId[]
  readonly clients: Map<string, ClientRules>
  readonly userRoles: Map<Uid, readonly string[]>
  /** Moves the store's clock and the replica's. */
  advance(milliseconds: number): void
  regainedAt: number
}

export const backend: ClientRules = {
  id: 'backend' as ClientId,
  confidential: true,
  roles: ['issuer'],
  mayGrant: ['pilot'],
  mayStartAdmins: false,
  grants: ['refresh_token', 'client_credentials'],
  device: 'app',
  deviceGrantDevice: 'web',
  scopes: ['profile'],
  redirectUris: [],
  postLogoutRedirectUris: [],
  dpop: 'offered',
}

export const mobile: ClientRules = {
  ...backend,
  id: 'mobile' as ClientId,
  confidential: false,
  roles: [],
  mayGrant: [],
  grants: ['refresh_token'],
}

export async function openWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'curfew-authority-'))
  let shiftMs = 0
  const store = await openStore(
    { kind: 'sqlite', path: join(folder, 'curfew.db') },
    { clockOffsetMs: () => shiftMs },
  )
  onTestFinished(async () => {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const state = { alarms: [] as Alarm[], counted: [] as string[], regainedAt: 0 }
  const clock = {
    now: () => instant(Date.now() + shiftMs),
    regainedAt: () => state.regainedAt as Instant,
  }
  const ring = new KeyRing([new Secret(Buffer.alloc(32, 7).toString('base64url'))])
  await ring.register(store, 0)
  const sealer = createSealer(ring, clock)
  const signingKeys = new SigningKeys({
    store,
    ring,
    sealer,
    alarm: () => undefined,
  })
  await signingKeys.ensure('EdDSA')
  const cached = new Map<SessionId, LiveSession>()
  const shared = new Map<SessionId, LiveSession>()
  const denied = new Set<SessionId>()
  const recalled: SessionId[] = []
  const announced: SessionId[] = []
  const clients = new Map([backend, mobile].map((client) => [client.id as string, client]))
  const userRoles = new Map<Uid, readonly string[]>()
  const rooms: Rooms = {
    store,
    clock,
    policy: policyOf(clients, userRoles),
    opaque: createOpaqueTokens(ring, clock),
    access: createAccessTokens({ issuer, keys: signingKeys, clock }),
    idTokens: createIdTokens({ issuer, keys: signingKeys, clock }),
    codes: createCodeTokens(),
    seal: sealer,
    random: createRandomness(),
    hints: { announceSession: (sid) => void announced.push(sid) },
    denylist: {
      denies: (sid) => denied.has(sid),
      deny: (ended: RecordedEnd) => denied.add(ended.sid),
    },
    cache: {
      get: (sid) => cached.get(sid),
      recall: (sid) => {
        recalled.push(sid)
        const session = shared.get(sid)
        return session && Promise.resolve(session)
      },
      freshForMs: () => 0,
      lastKnown: () => undefined,
      put: ({ session }) => {
        if (session.kind === 'live') cached.set(session.origin.sid, session)
      },
      advance: (session) => cached.set(session.origin.sid, session),
      drop: (sid) => cached.delete(sid),
    },
    signals: {
      refreshed: (result) => state.counted.push(`refresh ${result}`),
      loggedOut: (result) => state.counted.push(`logout ${result}`),
      started: (result) => state.counted.push(`start ${result}`),
      swapConflict: () => state.counted.push('conflict'),
      alarm: (alarm) => state.alarms.push(alarm),
    },
  }
  const authority = createAuthority(rooms, store)
  const advance = (milliseconds: number) => {
    shiftMs += milliseconds
  }
  return Object.assign(state, {
    rooms,
    store,
    authority,
    cached,
    shared,
    recalled,
    denied,
    announced,
    clients,
    userRoles,
    advance,
  })
}

function policyOf(
  clients: ReadonlyMap<string, ClientRules>,
  userRoles: ReadonlyMap<Uid, readonly string[]>,
): Policy {
  return {
    issuer,
    refreshTtlMs: 30 * day,
    refreshGraceMs: 30_000,
    audience: ['https://api.example.com'],
    accessClaims: ['tenant'],
    fallback: { ...app, policy: { policy: 'multiple', limit: null }, lostResponseMs: 0 },
    client: (id) => clients.get(id),
    device: (name) => devices[name],
    userRoles: ({ uid }) => userRoles.get(uid) ?? [],
    accessTtlSeconds: () => 300,
  }
}

export function signIn(changes: Partial<IssueInput> = {}): IssueInput {
  return {
    caller: backend,
    uid: 'alice' as Uid,
    clientId: mobile.id,
    device: 'app',
    deviceId: null,
    deviceName: null,
    ip: null,
    userAgent: null,
    authTime: null,
    amr: null,
    acr: null,
    roles: [],
    claims: {},
    fence: null,
    reuse: true,
    ...changes,
  }
}

/** Starts a session, which must succeed. */
export async function started(world: World, changes: Partial<IssueInput> = {}) {
  const answer = await world.authority.issue(signIn(changes))
  if (answer.kind !== 'started' && answer.kind !== 'joined') throw new Error(answer.kind)
  const { session, accessToken, refreshToken, sessionToken } = answer.tokens
  if (sessionToken === null) throw new Error('a start without session token')
  return {
    kind: answer.kind,
    sid: session.origin.sid,
    session,
    accessToken,
    refreshToken,
    sessionToken,
  }
}

export async function refreshed(world: World, token: string | null, clientId = mobile.id) {
  if (token === null) throw new Error('there is no refresh token to present')
  const seen = { ip: null, userAgent: null }
  const wish = { resources: [], scope: null }
  return world.authority.refresh({ token, clientId, dpopThumbprint: null, seen, wish })
}
