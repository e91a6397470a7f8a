/* Replicas of Curfew's authority with a real store and real HTTP to a provider, without a server around. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import {
  Behind,
  createProviderRefresh,
  type DeviceRules,
  handBack,
  type ProviderGrants,
  type ProviderRefresh,
  type Rooms,
  type SignInInput,
  type Store,
  signIn,
} from '#authority'
import {
  type ClientId,
  type Instant,
  instant,
  type LiveSession,
  Secret,
  type Session,
  type SessionId,
} from '#domain'
import {
  type CookieOrder,
  createProviderGrants,
  createSignInFlow,
  type ProviderSettings,
  Providers,
  type SignInFlow,
} from '#oidc'
import { openStore } from '#stores'
import { tempFolder } from '#test/services/index.ts'
import {
  createAccessTokens,
  createOpaqueTokens,
  createRandomness,
  createSealer,
  KeyRing,
  type Sealer,
  SigningKeys,
} from '#tokens'
import { type ScriptableProvider, startScriptableProvider } from './scriptable-provider.ts'

export const publicUrl = 'https://auth.example.com'
const day = 86_400_000
const web: DeviceRules = {
  policy: { policy: 'multiple', limit: 100 },
  idleTtlMs: 7 * day,
  absoluteTtlMs: 30 * day,
  lostResponseMs: 0,
}

/** One replica: its own store connection, memory, providers and flights. */
export interface Replica {
  readonly rooms: Rooms
  readonly store: Store
  readonly seal: Sealer
  readonly providers: Providers
  readonly flow: SignInFlow
  /** What the refresh asks; a test may put something between. */
  grants: ProviderGrants
  /** Its process is gone: nobody waits for what it had under way. */
  dead: boolean
  readonly refresh: ProviderRefresh
  readonly behind: Behind
  readonly counted: string[]
  /** What the outbox would hand back to the provider by now. */
  readonly handBackDue: () => Promise<void>
  readonly denied: Set<SessionId>
}

export interface Stage {
  readonly provider: ScriptableProvider
  readonly settings: ProviderSettings
  replica(settings?: Partial<ProviderSettings>): Promise<Replica>
  /** Moves the clock of the store and of all replicas. */
  advance(milliseconds: number): void
  now(): Instant
}

/** Without a URL: SQLite in a folder of its own, where a second replica shares the first one's store. */
export async function openStage(
  databaseUrl?: string,
  changes: Partial<ProviderSettings> = {},
  alg?: string,
): Promise<Stage> {
  const provider = await startScriptableProvider(alg)
  onTestFinished(() => provider.close())
  const settings = { ...settingsOf(provider), ...changes }
  let shiftMs = 0
  const clockOffsetMs = () => shiftMs
  let shared: Store | undefined
  const open = async (): Promise<Store> => {
    if (databaseUrl !== undefined) {
      const store = await openStore({ kind: 'postgres', url: databaseUrl }, { clockOffsetMs })
      onTestFinished(() => store.close())
      return store
    }
    if (shared !== undefined) return shared
    const folder = tempFolder()
    const path = join(folder.path, 'curfew.db')
    const store = await openStore({ kind: 'sqlite', path }, { clockOffsetMs })
    onTestFinished(async () => {
      await store.close()
      folder.remove()
    })
    shared = store
    return store
  }
  const now = () => instant(Date.now() + shiftMs)
  return {
    provider,
    settings,
    now,
    advance: (milliseconds) => {
      shiftMs += milliseconds
    },
    replica: async (more = {}) => createReplica(await open(), now, { ...settings, ...more }),
  }
}

export function settingsOf(provider: ScriptableProvider): ProviderSettings {
  return {
    id: 'main',
    issuer: provider.issuer,
    internalUrl: null,
    ca: null,
    preset: 'generic',
    clientId: provider.clientId,
    auth: { kind: 'secret', secret: new Secret(provider.clientSecret) },
    scopes: ['openid', 'profile', 'email'],
    uid: '{{ idp }}:{{ sub }}',
    rolesClaims: ['roles'],
    claimsFrom: ['id_token'],
    trustEmail: false,
    maxRefreshTokenAgeMs: 6 * 3_600_000,
    graceOnFaultMs: 300_000,
    timeoutMs: 2000,
    exchangeAudiences: [],
    allow: { domains: [], users: [], roles: [], claims: {} },
  }
}

async function createReplica(
  store: Store,
  now: () => Instant,
  settings: ProviderSettings,
): Promise<Replica> {
  const clock = { now, regainedAt: () => instant(0) }
  const ring = new KeyRing([new Secret(Buffer.alloc(32, 7).toString('base64url'))])
  await ring.register(store, 0)
  const seal = createSealer(ring, clock)
  const keys = new SigningKeys({ store, ring, sealer: seal, alarm: () => undefined })
  await keys.ensure('EdDSA')
  const counted: string[] = []
  const denied = new Set<SessionId>()
  const rooms: Rooms = {
    store,
    clock,
    policy: {
      issuer: publicUrl,
      refreshTtlMs: 30 * day,
      refreshGraceMs: 30_000,
      audience: [],
      accessClaims: [],
      fallback: web,
      client: () => undefined,
      device: () => web,
      userRoles: () => [],
      accessTtlSeconds: () => 300,
    },
    opaque: createOpaqueTokens(ring, clock),
    access: createAccessTokens({ issuer: publicUrl, keys, clock }),
    random: createRandomness(),
    hints: store,
    denylist: { denies: (sid) => denied.has(sid), deny: ({ sid }) => denied.add(sid) },
    cache: {
      get: () => undefined,
      recall: () => undefined,
      freshForMs: () => 0,
      lastKnown: () => undefined,
      put: () => undefined,
      advance: () => undefined,
      drop: () => undefined,
    },
    signals: {
      refreshed: () => undefined,
      loggedOut: () => undefined,
      started: (result) => counted.push(`start ${result}`),
      swapConflict: () => undefined,
      alarm: () => undefined,
    },
  }
  const providers = new Providers({ settings: [settings], proxyEnv: {}, clock })
  const flow = createSignInFlow({ providers, seal, once: store, clock, publicUrl })
  const real = createProviderGrants({ providers, clock })
  const state = { grants: real, dead: false }
  const behind = new Behind()
  const refresh = createProviderRefresh({
    rooms,
    store,
    seal,
    behind,
    grants: {
      rules: (id) => state.grants.rules(id),
      refresh: (order) => state.grants.refresh(order),
      reread: (order) => state.grants.reread(order),
      revokeAtProvider: (order) => state.grants.revokeAtProvider(order),
    },
    signals: {
      refreshed: (_id, result) => counted.push(result),
    },
    owner: () => randomBytes(8).toString('hex'),
    jitter: () => 0.5,
    hints: store,
  })
  onTestFinished(() => (state.dead ? undefined : behind.idle()))
  return Object.assign(state, {
    ...{ rooms, store, seal, providers, flow, refresh, behind, counted, denied },
    handBackDue: async () => {
      const due = { kind: 'provider_revocation', target: settings.id, owner: 'test' } as const
      const revoked = (_id: string, result: string) => void counted.push(`revocation ${result}`)
      const deps = { store, seal, grants: state.grants, signals: { revoked } }
      // Of one session, the next is due when the one before is done.
      for (;;) {
        const effects = await store.claimEffects({ ...due, leaseMs: 60_000, limit: 100 })
        if (effects.length === 0) return
        for (const effect of effects) {
          const { kind } = await handBack(deps, effect)
          if (kind === 'done') await store.finishEffects([effect.id])
        }
      }
    },
  })
}

/** A browser's cookies. */
export class Browser {
  readonly cookies = new Map<string, string>()
  readonly jar = (name: string): string | undefined => this.cookies.get(name)

  take(orders: readonly CookieOrder[]): void {
    for (const { name, value, maxAgeSeconds } of orders) {
      if (maxAgeSeconds === 0) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
  }
}

/** From `/login` to the URL of the callback, as the provider's page would redirect. */
export async function goToProvider(
  stage: Stage,
  replica: Replica,
  browser = new Browser(),
  returnTo = '/',
): Promise<{ readonly callback: URL; readonly browser: Browser; readonly url: string }> {
  const fence = await replica.store.fence()
  const begun = await replica.flow.begin({
    providerId: 'main',
    returnTo,
    fence,
    jar: browser.jar,
    binding: null,
  })
  if (begun.kind !== 'redirect') throw new Error(`${begun.code} ${begun.detail}`)
  browser.take(begun.cookies)
  return { callback: stage.provider.authorize(begun.url), browser, url: begun.url }
}

export async function comeBack(replica: Replica, browser: Browser, callback: URL) {
  const returned = await replica.flow.finish({ query: callback.search, jar: browser.jar })
  browser.take(returned.cookies)
  return returned
}

export async function started(
  replica: Replica,
  returned: Awaited<ReturnType<typeof comeBack>>,
  changes: Partial<SignInInput> = {},
) {
  if (returned.kind !== 'signed-in') throw new Error(`${returned.code} ${returned.detail}`)
  return signIn(replica.rooms, replica.seal, {
    identity: returned.identity,
    fence: returned.fence,
    previous: [],
    clientId: 'gateway' as ClientId,
    scope: '',
    ip: null,
    userAgent: null,
    ...changes,
  })
}

/** The whole way; the session must start. */
export async function signedIn(stage: Stage, replica: Replica): Promise<LiveSession> {
  const { callback, browser } = await goToProvider(stage, replica)
  const answer = await started(replica, await comeBack(replica, browser, callback))
  if (answer.kind !== 'signed-in') throw new Error(answer.kind)
  return answer.session
}

export async function rowOf(replica: Replica, session: LiveSession): Promise<Session> {
  const read = await replica.store.read(session.origin.sid)
  if (read === undefined) throw new Error('the session has no row')
  return read.session
}
