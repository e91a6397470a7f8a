import { type ClientId, isExpired, type LiveSession, type SessionId } from '#domain'
import { readFresh } from './apply.ts'
import { type CheckRooms, checkSession, type SessionCheck } from './check-session.ts'
import type { LastSeen } from './last-seen.ts'
import { type Acceptable, present } from './present.ts'
import type { ProviderRefreshDeps } from './provider-attempt.ts'
import { endByProviderSid, endBySubject } from './provider-logout.ts'
import { effectiveRoles } from './roles.ts'
import type { Rooms } from './rooms.ts'
import { type SignInAnswer, type SignInInput, signIn } from './sign-in.ts'
import { type SignedOut, type SignOutProofs, signOut } from './sign-out.ts'
import { type UpstreamToken, upstreamToken } from './upstream-token.ts'

/**
 * The use cases of browsers, of the gateway and of identity providers. Each may throw StoreUnavailable,
 * and KeyMissing where it reads or writes a token.
 */
export interface GatewayAuthority {
  check(token: string, accepted: Acceptable): Promise<SessionCheck>
  /** Some session stands otherwise: checks under way answer nobody who comes now. */
  forget(): void
  signIn(input: Omit<SignInInput, 'clientId' | 'scope'>): Promise<SignInAnswer>
  signOut(proofs: SignOutProofs): Promise<SignedOut>
  cookieOf(session: LiveSession): string
  /** The live session behind a cookie, by its row. */
  byCookie(cookie: string): Promise<LiveSession | undefined>
  /** By its id alone: only for a caller that proved the session in another way. */
  bySid(sid: SessionId): Promise<LiveSession | undefined>
  upstreamToken(session: LiveSession, audience: string): Promise<UpstreamToken>
  effectiveRoles(session: LiveSession): readonly string[]
  touch(sid: SessionId): void
  endByProviderSid: Bound<typeof endByProviderSid>
  endBySubject: Bound<typeof endBySubject>
}

type Bound<Act> = Act extends (rooms: Rooms, store: infer _, order: infer Order) => infer Answer
  ? (order: Order) => Answer
  : never

export interface GatewayAuthorityDeps
  extends Pick<ProviderRefreshDeps, 'store' | 'seal' | 'grants' | 'signals' | 'behind'> {
  readonly rooms: CheckRooms
  readonly lastSeen: Pick<LastSeen, 'note'>
}

/** The client of sessions that begin at a provider. No configured client has a colon in its id. */
const gatewayClient = 'curfew:gateway' as ClientId

export function createGatewayAuthority(deps: GatewayAuthorityDeps): GatewayAuthority {
  const { rooms, store, seal, lastSeen } = deps
  return {
    ...sharing((token, accepted) => checkSession(rooms, token, accepted)),
    signIn: (input) => signIn(rooms, seal, { ...input, clientId: gatewayClient, scope: '' }),
    signOut: (proofs) => signOut(deps, proofs),
    cookieOf: ({ origin, sessionToken: { generation, keyId } }) =>
      rooms.opaque.issue('cookie', { sid: origin.sid, generation, keyId }, origin.salt),
    byCookie: async (cookie) => {
      const presented = await present(rooms, cookie, ['cookie'])
      return presented.kind === 'live' ? presented.session : undefined
    },
    bySid: async (sid) => {
      const read = await readFresh(rooms, sid)
      if (read?.session.kind !== 'live') return undefined
      return isExpired(read.session, read.now) ? undefined : read.session
    },
    upstreamToken: (session, audience) => upstreamToken(rooms, session, audience),
    effectiveRoles: (session) => effectiveRoles(rooms.policy, session),
    touch: (sid) => lastSeen.note(sid),
    endByProviderSid: (order) => endByProviderSid(rooms, store, order),
    endBySubject: (order) => endBySubject(rooms, store, order),
  }
}

type Check = GatewayAuthority['check']

/**
 * A crowd that brings one token while it is being asked about is told what the first one is told: at a
 * replica that knows nothing of it yet, the crowd is one read. Whoever is answered last asks the denylist
 * once more, as after any other read that took its time; and who comes after a change that was
 * acknowledged here is told of it, because `forget` was called before.
 */
function sharing(check: Check): Pick<GatewayAuthority, 'check' | 'forget'> {
  const underWay = new Map<string, Promise<SessionCheck>>()
  return {
    forget: () => underWay.clear(),
    check: (token, accepted) => {
      const key = `${accepted.join(' ')} ${token}`
      const known = underWay.get(key)
      if (known !== undefined) return known
      const checking = check(token, accepted).finally(() => {
        if (underWay.get(key) === checking) underWay.delete(key)
      })
      underWay.set(key, checking)
      return checking
    },
  }
}
