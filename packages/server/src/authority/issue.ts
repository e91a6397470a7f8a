import type { ClientId } from '#domain'
import type { ClientRules } from './policy.ts'
import { reservedRoles } from './roles.ts'
import type { Rooms } from './rooms.ts'
import { type SignInFacts, start } from './start.ts'
import { noWish, type TokenSet, tokenSet } from './token-set.ts'

/** `POST /sessions`, parsed: a backend starts a session for a user that it has authenticated itself. */
export interface IssueInput extends SignInFacts {
  readonly caller: ClientRules
  /** Null: the caller. */
  readonly clientId: ClientId | null
  /** Null: the client's. */
  readonly device: string | null
  readonly reuse: boolean
}

export type IssueAnswer =
  | { readonly kind: 'started' | 'joined'; readonly tokens: TokenSet }
  | { readonly kind: 'unknown-client' }
  | { readonly kind: 'unknown-device'; readonly device: string }
  /** Roles outside of the caller's `mayGrant` (rule 17). */
  | { readonly kind: 'roles-not-granted'; readonly roles: readonly string[] }
  | { readonly kind: 'admin-not-granted' }
  | { readonly kind: 'fence-moved' }
  | { readonly kind: 'user-disabled' }

/** @throws StoreUnavailable */
export async function issue(rooms: Rooms, input: IssueInput): Promise<IssueAnswer> {
  const { policy } = rooms
  const client = policy.client(input.clientId ?? input.caller.id)
  if (client === undefined) return { kind: 'unknown-client' }
  const device = input.device ?? client.device
  const rules = policy.device(device)
  if (rules === undefined) return { kind: 'unknown-device', device }
  const denied = denial(rooms, input)
  if (denied !== undefined) return denied
  const { reuse, caller: _caller, ...rest } = input
  const signIn = { ...rest, clientId: client.id, device, scope: client.scopes.join(' ') }
  const refreshable = client.grants.includes('refresh_token')
  const started = await start(
    rooms,
    { ...signIn, mayJoin: reuse, refreshable, dpopThumbprint: null },
    rules,
  )
  if (!('session' in started)) return started
  return { kind: started.kind, tokens: firstTokens(rooms, started) }
}

/** What a client may give, and to whom (rule 17). Decided before anything is written. */
function denial(rooms: Rooms, input: IssueInput): IssueAnswer | undefined {
  const { caller } = input
  const roles = input.roles.filter(
    (role) => reservedRoles.includes(role) || !caller.mayGrant.includes(role),
  )
  if (roles.length > 0) return { kind: 'roles-not-granted', roles }
  const admin = rooms.policy.userRoles({ uid: input.uid, vouched: null }).includes('admin')
  return admin && !caller.mayStartAdmins ? { kind: 'admin-not-granted' } : undefined
}

/** A joiner gets no refresh token: only one holder may rotate (rule 9). */
function firstTokens(
  rooms: Rooms,
  started: Extract<Awaited<ReturnType<typeof start>>, { kind: 'started' | 'joined' }>,
): TokenSet {
  const { session, now } = started
  const minted = session.access.newest
  if (minted === null) throw new Error('a started session has no access token')
  const refreshToken = started.kind === 'started'
  const order = { session, minted, now, wish: noWish, dpopThumbprint: null }
  return tokenSet(rooms, { ...order, refreshToken, sessionToken: true })
}
