import { addMs, type Instant } from '#domain'
import { type ClientRules, rulesOf } from './policy.ts'
import type { OnceStore } from './ports.ts'
import type { TokenSeal } from './provider-ports.ts'
import type { Rooms } from './rooms.ts'
import { linkTo, type ProviderIdentity } from './sign-in.ts'
import { type Started, startByProvider } from './start.ts'
import { type TokenSet, type TokenWish, tokenSet } from './token-set.ts'

/** An ID token that oidc has judged to be good, brought by a client that may exchange it. */
export interface ExchangeInput {
  readonly identity: ProviderIdentity
  readonly once: { readonly digest: string; readonly rememberUntil: Instant }
  /** Of the ID token: what was issued before the last sign-out everywhere buys nothing. */
  readonly issuedAt: Instant
  readonly client: ClientRules
  /** The global fence, captured before the token was looked at (rule 1). */
  readonly fence: number
  readonly ip: string | null
  readonly userAgent: string | null
  readonly wish: TokenWish
  readonly dpopThumbprint: string | null
}

export type ExchangeAnswer =
  | { readonly kind: 'issued'; readonly tokens: TokenSet }
  /** Somebody was faster, at whatever replica. */
  | { readonly kind: 'token-used' }
  | { readonly kind: 'fence-moved' }
  | { readonly kind: 'user-disabled' }
  | { readonly kind: 'provider-logged-out' }

export interface ExchangeDeps {
  readonly rooms: Rooms
  readonly store: OnceStore
  readonly seal: TokenSeal
}

/**
 * A session for a provider's ID token (RFC 8693; rule 32). The token is used up first and in a statement of
 * its own: whatever fails after that costs its bearer a new one from the provider, and no token ever buys
 * two sessions. The provider's logout finds the session by its sid and its subject.
 *
 * @throws StoreUnavailable
 */
export async function exchangeToken(
  { rooms, store, seal }: ExchangeDeps,
  input: ExchangeInput,
): Promise<ExchangeAnswer> {
  const { identity, once, issuedAt, client, fence, ip, userAgent, dpopThumbprint } = input
  if (!(await store.once('subject-token', once.digest, once.rememberUntil))) {
    return { kind: 'token-used' }
  }
  const { device } = client
  const rules = rulesOf(rooms.policy, device)
  const provider = linkTo(seal, identity, rules)
  const { uid, roles, claims, acr, amr, authTime } = identity
  const person = { uid, roles, claims, acr, amr, authTime }
  const place = { clientId: client.id, device, deviceId: null, deviceName: null, ip, userAgent }
  const scope = client.scopes.join(' ')
  const refreshable = client.grants.includes('refresh_token')
  const held = { refreshable, tokenOnly: !refreshable, dpopThumbprint }
  const terms = { scope, fence, vouchedAt: lastMomentOf(issuedAt), ...held, mayJoin: false }
  const signIn = { ...person, ...place, ...terms, provider }
  const started = await startByProvider(rooms, signIn, rules)
  if (!('session' in started)) return started
  return { kind: 'issued', tokens: firstTokens(rooms, started, input) }
}

/** An `iat` is a whole second: who signs in again within the second of a sign-out is not refused. */
function lastMomentOf(second: Instant): Instant {
  return addMs(second, 999)
}

function firstTokens(
  rooms: Rooms,
  { session, now }: Extract<Started, { kind: 'started' | 'joined' }>,
  { wish, dpopThumbprint }: ExchangeInput,
): TokenSet {
  const minted = session.access.newest
  if (minted === null) throw new Error('a started session has no access token')
  const order = { session, minted, now, wish, dpopThumbprint }
  return tokenSet(rooms, { ...order, refreshToken: true, sessionToken: false })
}
