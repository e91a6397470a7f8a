import { type ClientId, type End, isExpired, type LiveSession, type SessionId } from '#domain'
import { readFresh } from './apply.ts'
import { type CheckRooms, checkSession, type SessionCheck } from './check-session.ts'
import type { LastSeen } from './last-seen.ts'
import { StoreUnavailable } from './ports.ts'
import { type Acceptable, present } from './present.ts'
import type { ProviderRefreshDeps } from './provider-attempt.ts'
import { endByProviderSid, endBySubject } from './provider-logout.ts'
import { effectiveRoles } from './roles.ts'
import type { Rooms } from './rooms.ts'
import { Shared } from './shared.ts'
import { type SignInAnswer, type SignInInput, signIn } from './sign-in.ts'
import { type SignedOut, type SignOutProofs, signOut } from './sign-out.ts'
import { type UpstreamRooms, type UpstreamToken, upstreamToken } from './upstream-token.ts'

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
  /** The same for the cookie of our own pages; whether these open is for `isVouchedFor` to say. */
  pageCookieOf(session: LiveSession): string
  byPageCookie(cookie: string): Promise<LiveSession | undefined>
  /**
   * Does the provider still vouch for whoever opens our pages or acts through them (rule 24)? An
   * administrator who has left, or a person who approves a screen, is asked to sign in again.
   *
   * @throws StoreUnavailable while the provider is at fault and the grace is over
   */
  isVouchedFor(session: LiveSession): Promise<boolean>
  /** How the session of a cookie of either kind ended; undefined: it lives, or the cookie is not good. */
  endBehind(cookie: string): Promise<End | undefined>
  /** By its id alone: only for a caller that proved the session in another way. */
  bySid(sid: SessionId): Promise<LiveSession | undefined>
  upstreamToken(session: LiveSession, audience: string): Promise<UpstreamToken>
  effectiveRoles(session: LiveSession): readonly string[]
  touch(sid: SessionId): void
  /**
   * Has a client's session heard of its provider, behind an answer: a refusal ends it, an outage stops nobody.
   */
  keepFresh(session: LiveSession): void
  endByProviderSid: Bound<typeof endByProviderSid>
  endBySubject: Bound<typeof endBySubject>
}

type Bound<Act> = Act extends (rooms: Rooms, store: infer _, order: infer Order) => infer Answer
  ? (order: Order) => Answer
  : never

export interface GatewayAuthorityDeps
  extends Pick<ProviderRefreshDeps, 'store' | 'seal' | 'behind'> {
  readonly rooms: CheckRooms
  readonly lastSeen: Pick<LastSeen, 'note'>
}

/** The client of sessions that begin at a provider. No configured client has a colon in its id. */
export const gatewayClient = 'curfew:gateway' as ClientId

export function createGatewayAuthority(deps: GatewayAuthorityDeps): GatewayAuthority {
  const { rooms, store, seal, lastSeen } = deps
  const checks = new Shared<SessionCheck>()
  const mints: UpstreamRooms['mints'] = new Shared()
  return {
    // At a replica that knows nothing of a token yet, the crowd that brings it is one read. Whoever is
    // answered last asks the denylist once more, as after any other read that took its time; and who
    // comes after a change that was acknowledged here is told of it: `forget` was called before.
    check: (token, accepted) =>
      checks.run(`${accepted.join(' ')} ${token}`, () => checkSession(rooms, token, accepted)),
    forget: () => checks.forget(),
    signIn: (input) => signIn(rooms, seal, { ...input, clientId: gatewayClient, scope: '' }),
    signOut: (proofs) => signOut(deps, proofs),
    cookieOf: (session) => cookieOf(rooms, 'cookie', session),
    byCookie: (cookie) => byCookie(rooms, 'cookie', cookie),
    pageCookieOf: (session) => cookieOf(rooms, 'page', session),
    byPageCookie: (cookie) => byCookie(rooms, 'page', cookie),
    isVouchedFor: (session) => isVouchedFor(rooms, session),
    endBehind: async (cookie) => {
      const presented = await present(rooms, cookie, ['cookie', 'page'])
      return presented.kind === 'ended' ? presented.session.end : undefined
    },
    bySid: async (sid) => {
      const read = await readFresh(rooms, sid)
      if (read?.session.kind !== 'live') return undefined
      return isExpired(read.session, read.now) ? undefined : read.session
    },
    upstreamToken: (session, audience) => upstreamToken({ ...rooms, mints }, session, audience),
    effectiveRoles: (session) => effectiveRoles(rooms.policy, session),
    touch: (sid) => lastSeen.note(sid),
    keepFresh: (session) => keepFresh(deps, session),
    endByProviderSid: (order) => endByProviderSid(rooms, store, order),
    endBySubject: (order) => endBySubject(rooms, store, order),
  }
}

type CookiePurpose = 'cookie' | 'page'

function cookieOf(
  { opaque }: CheckRooms,
  purpose: CookiePurpose,
  { origin, sessionToken: { generation, keyId } }: LiveSession,
): string {
  return opaque.issue(purpose, { sid: origin.sid, generation, keyId }, origin.salt)
}

async function byCookie(
  rooms: CheckRooms,
  purpose: CookiePurpose,
  cookie: string,
): Promise<LiveSession | undefined> {
  const presented = await present(rooms, cookie, [purpose])
  return presented.kind === 'live' ? presented.session : undefined
}

async function isVouchedFor({ refresh }: CheckRooms, session: LiveSession): Promise<boolean> {
  if (refresh.standing(session).kind !== 'due') return true
  const { kind } = await refresh.freshen(session)
  if (kind !== 'unavailable') return kind === 'good'
  throw new StoreUnavailable(new Error('the identity provider does not answer'))
}

function keepFresh({ rooms, behind }: GatewayAuthorityDeps, session: LiveSession): void {
  const link = session.provider
  if (link === null || link.refreshTokenIssuedAt === null || link.refreshLost) return
  if (rooms.refresh.standing(session).kind !== 'good') behind.add(rooms.refresh.freshen(session))
}
