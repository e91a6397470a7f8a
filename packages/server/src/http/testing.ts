/*
 * What this room's tests share: an authority of a few sessions in memory, a feed whose answers are
 * scripted, and an app over them. Imported by tests alone.
 */
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import {
  type Authority,
  type FeedPage,
  type FeedQuery,
  type IssueAnswer,
  type IssueInput,
  kindOf,
  type LogoutAnswer,
  type OpenResult,
  type Presented,
  reservedRoles,
  StoreUnavailable,
  type TokenKind,
  type TokenSet,
} from '#authority'
import {
  clientOfUid,
  clientUid,
  type EpochSeconds,
  instant,
  type KeyId,
  type LiveSession,
  reason,
  Secret,
  type Session,
  type SessionId,
  type Uid,
} from '#domain'
import type { SubjectTokenVerdict } from '#oidc'
import { createDpopProofs, firstInProcess, KeyRing } from '#tokens'
import { createHttp } from './app.ts'
import type { FeedEvent, HttpDeps, HttpSettings } from './deps.ts'
import { noFellows } from './fellows.ts'
import { Metrics } from './metrics.ts'
import { createSignals } from './signals.ts'
import { fakeBrowser } from './testing-browser.ts'
import { FakeConsole } from './testing-console.ts'
import {
  defaultSettings,
  fakeAudit,
  fakeClients,
  liveOf,
  nowMs,
  nowSeconds,
  page,
  policy,
  sessionOf,
  sidOf,
} from './testing-values.ts'

export { nowMs, nowSeconds, page, sidOf } from './testing-values.ts'

const clock = { now: () => nowMs }

/** A key ring of one secret, as every replica of a deployment has it. */
export function ringOf(byte: number): KeyRing {
  const ring = new KeyRing([new Secret(Buffer.alloc(32, byte).toString('base64url'))])
  ring.update(ring.ids.map((keyId) => ({ keyId, activatesAt: instant(0) })))
  return ring
}

/** Sessions by number, and tokens `tok-<n>`, `cfs_<n>`, `cfc_<n>`, `cfr_<n>`, `cfp_<n>` that lead to them. */
export class FakeWorld {
  readonly sessions = new Map<SessionId, Session>()
  readonly disabled = new Set<string>()
  readonly calls: string[] = []
  readonly metrics = new Metrics()
  readonly logged: unknown[] = []
  readonly acts: Parameters<typeof fakeAudit>[0] = []
  readonly dpop = createDpopProofs({ ring: ringOf(7), clock, first: firstInProcess(clock) })
  /** Digests of subject tokens that were exchanged. */
  readonly spent = new Set<string>()
  readonly console = new FakeConsole(this.sessions)
  subjectToken: (token: string) => SubjectTokenVerdict = () => ({ kind: 'invalid', why: 'no' })
  feedPage: (query: FeedQuery) => FeedPage = () => page()
  events: (signal: AbortSignal) => AsyncIterable<FeedEvent> = quiet
  storeIsDown = false
  fenceMoved = false
  joins = false
  origins = new Set<string>()
  /** Whether the identity provider has ceased to vouch for everybody. */
  lapsed = false

  add(n: number, uid: string, roles: readonly string[] = []): LiveSession {
    const session = sessionOf(n, uid, roles)
    this.sessions.set(session.origin.sid, session)
    return session
  }

  end(n: number, by: string | null = null, why = reason('userLogout')): boolean {
    const session = this.sessions.get(sidOf(n))
    if (session === undefined || session.kind === 'ended') return false
    const end = { at: nowMs, reason: why, by: by as Uid | null, seq: 1 }
    this.sessions.set(session.origin.sid, { ...session, kind: 'ended', end })
    return true
  }

  #session(token: string): Session | undefined {
    return this.sessions.get(sidOf(Number(/^(?:tok-|cf[scrp]_)(\d+)$/.exec(token)?.[1] ?? NaN)))
  }

  #present(token: string, accepted: readonly TokenKind[]): Presented {
    const via = kindOf(token)
    if (!accepted.includes(via)) return { kind: 'invalid', why: 'wrong_type' }
    const session = this.#session(token)
    if (session === undefined) return { kind: 'invalid', why: 'malformed' }
    return session.kind === 'live'
      ? { kind: 'live', session, via }
      : { kind: 'ended', session, via }
  }

  #open(token: string): OpenResult {
    const session = this.#session(token)
    if (session === undefined) return { kind: 'forged' }
    const { sid } = session.origin
    const parts = { sid, generation: 1, keyId: 'key1' as KeyId }
    return { kind: 'opened', token: { ...parts, purpose: 'refresh', innerMac: new Uint8Array() } }
  }

  #tokens(
    session: LiveSession,
    refreshToken: boolean,
    sessionToken: boolean,
    dpopThumbprint: string | null = null,
  ): TokenSet {
    return {
      session,
      accessToken: 'an-access-token',
      tokenType: dpopThumbprint === null ? 'Bearer' : 'DPoP',
      expiresIn: 300,
      scope: session.grants.scope,
      refreshToken: refreshToken ? 'cfr_next' : null,
      sessionToken: sessionToken ? 'cfs_new' : null,
      idToken: null,
      sessionExpiresAt: (nowSeconds + 3600) as EpochSeconds,
    }
  }

  #endAll(uid: string, except: SessionId | null, by: string | null): number {
    const own = [...this.sessions.values()].filter(({ origin }) => origin.uid === uid)
    const rest = own.filter(({ origin }) => origin.sid !== except)
    return rest.filter(({ origin }) => this.end(numberOf(origin.sid), by)).length
  }

  #ask(call: string): void {
    this.calls.push(call)
    if (this.storeIsDown) throw new StoreUnavailable(new Error('down'))
  }

  #logout(token: string): LogoutAnswer {
    const session = this.#session(token)
    if (session === undefined) return { kind: 'invalid', why: 'malformed' }
    const { sid, uid } = session.origin
    return { kind: 'done', sid, already: !this.end(numberOf(sid), uid) }
  }

  #issue(input: IssueInput): IssueAnswer {
    const client = policy.client(input.clientId ?? input.caller.id)
    if (client === undefined) return { kind: 'unknown-client' }
    const name = input.device ?? client.device
    if (policy.device(name) === undefined) return { kind: 'unknown-device', device: name }
    const denied = input.roles.filter((role) => !input.caller.mayGrant.includes(role))
    if (denied.length > 0) return { kind: 'roles-not-granted', roles: denied }
    if (input.uid === 'root') return { kind: 'admin-not-granted' }
    if (this.fenceMoved) return { kind: 'fence-moved' }
    if (this.disabled.has(input.uid)) return { kind: 'user-disabled' }
    const session = this.add(100 + this.sessions.size, input.uid, input.roles)
    const kind = this.joins ? 'joined' : 'started'
    return { kind, tokens: this.#tokens(session, !this.joins, true) }
  }

  authority(): Authority {
    return {
      policy,
      issue: async (input) => {
        this.#ask('issue')
        return this.#issue(input)
      },
      refresh: async (input) => {
        this.#ask('refresh')
        const session = this.#session(input.token)
        if (session === undefined) return { kind: 'refused', result: 'forged' }
        if (session.kind === 'ended') return { kind: 'ended', end: session.end }
        const tokens = this.#tokens(session, true, false, input.dpopThumbprint)
        return { kind: 'refreshed', tokens }
      },
      clientToken: async ({ client, dpopThumbprint }) => {
        this.#ask('clientToken')
        const uid = clientUid(client.id)
        if (this.disabled.has(uid)) return { kind: 'client-disabled' }
        const tokens = this.#tokens(sessionOf(99, uid), false, false, dpopThumbprint)
        return { kind: 'issued', tokens }
      },
      issueCode: async () => {
        this.#ask('issueCode')
        return { kind: 'issued', code: 'cfa_code' }
      },
      redeemCode: async () => {
        this.#ask('redeemCode')
        return { kind: 'refused' }
      },
      userInfo: async () => {
        this.#ask('userInfo')
        return { kind: 'invalid' }
      },
      readHint: () => undefined,
      present: async (token) => {
        this.#ask('present')
        return this.#present(token, ['access', 'session'])
      },
      presentPage: async (cookie) => {
        this.#ask('present')
        return this.#present(cookie, ['page'])
      },
      introspect: async (_caller, token) => {
        this.#ask('introspect')
        return { active: this.#session(token)?.kind === 'live' }
      },
      revokeToken: async (caller, token) => {
        this.#ask('revokeToken')
        const session = this.#session(token)
        if (session === undefined) return 'done'
        if (session.origin.clientId !== caller.id) return 'not-yours'
        this.end(numberOf(session.origin.sid), session.origin.uid)
        return 'done'
      },
      logout: async (token) => {
        this.#ask('logout')
        return kindOf(token) === 'page' ? { kind: 'invalid', why: 'x' } : this.#logout(token)
      },
      logoutPage: async (cookie) => {
        this.#ask('logout')
        return this.#logout(cookie)
      },
      logoutMany: async (caller, which) => {
        this.#ask('logoutMany')
        const { sid, uid } = caller.origin
        return { kind: 'done', revoked: this.#endAll(uid, which === 'others' ? sid : null, uid) }
      },
      logoutOne: async (sid, by) => {
        this.#ask('logoutOne')
        return { kind: 'done', sid, already: !this.end(numberOf(sid), by) }
      },
      revokeSession: async ({ sid, by, reason: why }) => {
        this.#ask('revokeSession')
        if (!this.sessions.has(sid)) return undefined
        return { kind: 'done', sid, already: !this.end(numberOf(sid), by, why) }
      },
      revokeUser: async ({ uid, except, by, disable }) => {
        this.#ask('revokeUser')
        if (disable) this.disabled.add(uid)
        return this.#endAll(uid, except, by)
      },
      enableUser: async (uid) => {
        this.#ask('enableUser')
        this.disabled.delete(uid)
      },
      fence: async () => {
        this.#ask('fence')
        return 7
      },
      user: async (uid) => {
        this.#ask('user')
        return { disabledAt: this.disabled.has(uid) ? nowMs : null, fence: 0 }
      },
      show: async (sid) => {
        this.#ask('show')
        return this.sessions.get(sid)
      },
      list: async (query) => {
        this.#ask('list')
        const all = [...this.sessions.values()]
          .filter(({ origin }) => query.uid === null || origin.uid === query.uid)
          .filter(({ origin }) => origin.uid.startsWith(query.search?.uidPrefix ?? ''))
          .filter(({ kind }) => query.state === 'all' || query.state === kind)
          .filter(({ origin }) => query.before === null || origin.sid < query.before)
          .toSorted((a, b) => (a.origin.sid < b.origin.sid ? 1 : -1))
        const sessions = all.slice(0, query.limit)
        return { sessions, more: all.length > sessions.length, now: nowMs }
      },
      rename: async (sid, deviceName) => {
        this.#ask('rename')
        const session = this.sessions.get(sid)
        if (session === undefined) return { kind: 'unknown' }
        if (session.kind === 'ended') return { kind: 'ended', end: session.end, byThis: false }
        const renamed = { ...session, profile: { ...session.profile, deviceName } }
        this.sessions.set(sid, renamed)
        return { kind: 'moved', session: renamed, now: nowMs }
      },
      regrantSession: async (sid, { roles }) => {
        this.#ask('regrantSession')
        const session = this.sessions.get(sid)
        if (session === undefined) return { kind: 'unknown' }
        if (session.kind === 'ended') return { kind: 'ended', end: session.end, byThis: false }
        const grants = { ...session.grants, roles: roles ?? session.grants.roles }
        return { kind: 'moved', session: { ...session, grants }, now: nowMs }
      },
      regrantUser: async () => {
        this.#ask('regrantUser')
        return 1
      },
      ...fakeAudit(this.acts),
      effectiveRoles: ({ origin, grants }) => {
        const client = clientOfUid(origin.uid)
        if (client !== undefined) return policy.client(client)?.roles ?? []
        const own = grants.roles.filter((role) => !reservedRoles.includes(role))
        return [...new Set([...own, ...policy.userRoles({ uid: origin.uid, vouched: null })])]
      },
    }
  }

  deps(settings: Partial<HttpSettings> = {}): HttpDeps {
    const line = (fields: unknown, message?: unknown) => void this.logged.push({ fields, message })
    return {
      authority: this.authority(),
      // None are asked for: devices.test.ts has real ones.
      devices: {} as HttpDeps['devices'],
      adminLinks: {} as HttpDeps['adminLinks'],
      liveSessions: async (uid) => liveOf(this.sessions, uid),
      feed: {
        page: async (query) => {
          this.#ask('page')
          return this.feedPage(query)
        },
      },
      events: { open: ({ signal }) => this.events(signal) },
      admin: this.console.deps((call) => this.#ask(call)),
      opaque: { open: (_purpose, token) => this.#open(token) },
      clients: fakeClients,
      jwks: () => ({ keys: [{ kty: 'EC', kid: 'k1' }] }),
      readiness: () => ({ ready: true, dependencies: { store: 'ok' }, retryAfterSeconds: 1 }),
      settings: { ...defaultSettings, corsOrigins: () => this.origins, ...settings },
      clock: { now: () => nowMs },
      log: { debug: line, info: line, warn: line, error: line },
      metrics: this.metrics,
      fellows: noFellows,
      console: { page: async () => undefined, asset: async () => undefined },
      browser: fakeBrowser(this, (cookie) => this.#session(cookie)),
      dpop: this.dpop,
      exchange: {
        verify: async (token) => this.subjectToken(token),
        start: async ({ identity, once }) => {
          this.#ask('exchange')
          if (this.spent.has(once.digest)) return { kind: 'token-used' }
          this.spent.add(once.digest)
          if (this.disabled.has(identity.uid)) return { kind: 'user-disabled' }
          const session = this.add(100 + this.sessions.size, identity.uid, identity.roles)
          return { kind: 'issued', tokens: this.#tokens(session, true, false) }
        },
      },
      ahead: () => false,
    }
  }

  app(settings: Partial<HttpSettings> = {}): FastifyInstance {
    return createHttp(this.deps(settings)).app
  }

  signals() {
    return createSignals(this.metrics, this.deps().log)
  }
}

export function basic(client: string, secret = `${client}-secret`): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}` }
}

export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` }
}

function numberOf(sid: SessionId): number {
  return Number(sid.slice(-12))
}

/** Waits until it is told to stop, as a source does while nothing ends. */
export function quiet(signal: AbortSignal): AsyncIterable<FeedEvent> {
  const stopped = new Promise<IteratorResult<FeedEvent>>((resolve) => {
    if (signal.aborted) resolve({ done: true, value: undefined })
    signal.addEventListener('abort', () => resolve({ done: true, value: undefined }))
  })
  return { [Symbol.asyncIterator]: () => ({ next: () => stopped }) }
}

/** `app.inject` as a promise: its own return type is one only in part. */
export function send(app: FastifyInstance, options: InjectOptions): Promise<Answer> {
  return Promise.resolve(app.inject(options))
}

export type Answer = LightMyRequestResponse
