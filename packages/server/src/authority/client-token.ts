import { type ClientId, clientUid, type SessionId } from '#domain'
import { type Applied, apply } from './apply.ts'
import type { ClientRules } from './policy.ts'
import type { Rooms } from './rooms.ts'
import { type SignIn, type Started, start } from './start.ts'
import { type TokenSet, type TokenWish, tokenSet } from './token-set.ts'

/** The device class of clients' own sessions. */
export const serviceDevice = 'service'

export interface ClientTokenInput {
  readonly client: ClientRules
  readonly ip: string | null
  readonly userAgent: string | null
  readonly wish: TokenWish
  /** The DPoP key that the token is for; each request may bring another one, as nothing is rotated. */
  readonly dpopThumbprint: string | null
}

export type ClientTokenAnswer =
  | { readonly kind: 'issued'; readonly tokens: TokenSet }
  | { readonly kind: 'client-disabled' }
  | { readonly kind: 'fence-moved' }

/**
 * `grant_type=client_credentials`: a token of the client's one session of class `service`, which is
 * revocable and in the feed like any other. Starting joins the live session if there is one.
 *
 * @throws StoreUnavailable
 */
export async function clientToken(
  rooms: Rooms,
  known: Map<ClientId, SessionId>,
  input: ClientTokenInput,
): Promise<ClientTokenAnswer> {
  const again = await mintAgain(rooms, known.get(input.client.id), input)
  if (again !== undefined) return issued(rooms, again, input)
  const started = await start(rooms, ownSignIn(input), {
    ...rooms.policy.fallback,
    policy: { policy: 'shared' },
  })
  if (started.kind === 'user-disabled') return { kind: 'client-disabled' }
  if (started.kind === 'fence-moved') return started
  known.set(input.client.id, started.session.origin.sid)
  return issued(rooms, started, input)
}

/** The session that this process last used for the client, if it still lives. */
async function mintAgain(
  rooms: Rooms,
  sid: SessionId | undefined,
  input: ClientTokenInput,
): Promise<Extract<Applied, { kind: 'moved' | 'unchanged' }> | undefined> {
  if (sid === undefined) return undefined
  const { id } = input.client
  const ttlSeconds = rooms.policy.accessTtlSeconds(id, serviceDevice)
  const applied = await apply(rooms, sid, () => ({
    kind: 'mint',
    mint: { jti: rooms.random.tokenId(), ttlSeconds, keyId: rooms.access.currentKid() },
    idleTtlMs: rooms.policy.fallback.idleTtlMs,
    // The token that other replicas hand out is derived again while half of its life remains (rule 4).
    reuseAboveMs: (ttlSeconds * 1000) / 2,
  }))
  return applied.kind === 'moved' || applied.kind === 'unchanged' ? applied : undefined
}

function issued(
  rooms: Rooms,
  from: Extract<Applied | Started, { kind: 'moved' | 'unchanged' | 'started' | 'joined' }>,
  input: ClientTokenInput,
): ClientTokenAnswer {
  const { session, now } = from
  const minted = session.access.newest
  if (minted === null) throw new Error('a client session has no access token')
  const { wish, dpopThumbprint } = input
  const order = {
    session,
    minted,
    now,
    wish,
    dpopThumbprint,
    refreshToken: false,
    sessionToken: false,
  }
  return { kind: 'issued', tokens: tokenSet(rooms, order) }
}

function ownSignIn(input: ClientTokenInput): SignIn {
  return {
    uid: clientUid(input.client.id),
    clientId: input.client.id,
    device: serviceDevice,
    deviceId: null,
    deviceName: null,
    ip: input.ip,
    userAgent: input.userAgent,
    authTime: null,
    amr: null,
    acr: null,
    roles: [],
    claims: {},
    scope: input.client.scopes.join(' '),
    fence: null,
    mayJoin: true,
    refreshable: false,
    dpopThumbprint: null,
  }
}
