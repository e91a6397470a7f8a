import {
  addMs,
  type Claims,
  type ClientId,
  type EpochSeconds,
  type Instant,
  type LiveSession,
  type ProviderLink,
  reason,
  type SessionId,
  type Uid,
} from '#domain'
import { endFor } from './apply.ts'
import { type DeviceRules, rulesOf } from './policy.ts'
import type { ProviderTokens, TokenSeal } from './provider-ports.ts'
import { sealTokens } from './provider-tokens.ts'
import type { Rooms } from './rooms.ts'
import { startByProvider } from './start.ts'

/** Who signed in, as the provider vouches for it: what the callback of a sign-in ends in. */
export interface ProviderIdentity {
  readonly providerId: string
  readonly issuer: string
  readonly subject: string
  readonly providerSid: string | null
  readonly uid: Uid
  readonly roles: readonly string[]
  readonly claims: Claims
  /** In lower case; null: none that the provider vouches for. */
  readonly verifiedEmail: string | null
  readonly tokens: ProviderTokens
  /** When the access token, else the ID token, runs out; null: the provider names no end. */
  readonly tokensExpireAt: Instant | null
  readonly acr: string | null
  readonly amr: readonly string[] | null
  readonly authTime: EpochSeconds | null
}

export interface SignInInput {
  readonly identity: ProviderIdentity
  /** The global fence, captured at `/login` (rule 1). */
  readonly fence: number
  /** The sessions that this browser had: they end (rule 27). */
  readonly previous: readonly SessionId[]
  /** The owner of gateway sessions: never a client of the configuration. */
  readonly clientId: ClientId
  readonly scope: string
  readonly ip: string | null
  readonly userAgent: string | null
}

export type SignInAnswer =
  | { readonly kind: 'signed-in'; readonly session: LiveSession; readonly now: Instant }
  /** The user was signed out everywhere since the sign-in began: it has to begin again. */
  | { readonly kind: 'fence-moved' }
  | { readonly kind: 'user-disabled' }
  /** The provider ended this sign-in before it had finished (rule 23). */
  | { readonly kind: 'provider-logged-out' }

/** The class of sessions that the gateway starts. */
const gatewayDevice = 'web'
const unbound = { refreshable: false, dpopThumbprint: null }

/**
 * Starts the gateway's session for somebody whom a provider has just authenticated: always a new sid
 * (rule 27), never a refresh token. The browser's previous session ends before anybody is answered; if
 * that cannot be made durable, the new one goes as well and the sign-in counts as not done.
 *
 * @throws StoreUnavailable
 */
export async function signIn(
  rooms: Rooms,
  seal: TokenSeal,
  input: SignInInput,
): Promise<SignInAnswer> {
  const { identity, previous, fence, clientId, scope, ip, userAgent } = input
  const device = gatewayDevice
  const { uid, roles, claims, acr, amr, authTime } = identity
  const person = { uid, roles, claims, acr, amr, authTime }
  const place = { clientId, device, deviceId: null, deviceName: null, ip, userAgent, scope, fence }
  const rules = rulesOf(rooms.policy, device)
  const provider = linkTo(seal, identity, rules)
  const asked = { ...person, ...place, mayJoin: false, ...unbound, provider }
  const started = await startByProvider(rooms, asked, rules)
  if (!('session' in started)) return started
  const { session, now } = started
  for (const sid of previous) await replace(rooms, sid, session.origin.sid)
  return { kind: 'signed-in', session, now }
}

/** The provider's part of a session that starts on this identity. */
export function linkTo(
  seal: TokenSeal,
  identity: ProviderIdentity,
  rules: Pick<DeviceRules, 'absoluteTtlMs'>,
): (sid: SessionId, now: Instant) => ProviderLink {
  const lastInstant = (now: Instant) => addMs(now, rules.absoluteTtlMs)
  return (sid, now) =>
    linkOf(identity, { now, sealed: sealTokens(seal, sid, identity.tokens), lastInstant })
}

/** What a browser had before (rule 27); ended before the next one is handed out. @throws StoreUnavailable */
export async function replace(rooms: Rooms, previous: SessionId, next: SessionId): Promise<void> {
  const cause = { reason: reason('superseded'), by: null, guard: 'live' } as const
  try {
    await endFor(rooms, previous, cause)
  } catch (error) {
    // Nobody holds the new one yet. If this fails as well, it stays unused until it runs out.
    await endFor(rooms, next, cause).catch(() => undefined)
    throw error
  }
}

interface Linking {
  readonly now: Instant
  readonly sealed: string
  readonly lastInstant: (now: Instant) => Instant
}

/** The provider's part of a session that begins with this identity. */
function linkOf(identity: ProviderIdentity, { now, sealed, lastInstant }: Linking): ProviderLink {
  return {
    providerId: identity.providerId,
    issuer: identity.issuer,
    subject: identity.subject,
    providerSid: identity.providerSid,
    verifiedEmail: identity.verifiedEmail,
    sealedTokens: sealed,
    tokensVersion: 1,
    tokensExpireAt: identity.tokensExpireAt ?? lastInstant(now),
    refreshTokenIssuedAt: identity.tokens.refreshToken === null ? null : now,
    refreshLost: false,
    lease: null,
    attemptedAt: null,
    undecided: false,
    retryAt: null,
  }
}
