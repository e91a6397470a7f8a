import { type LiveSession, type MintCommand, type MintedAccess, transition } from '#domain'
import { type Applied, apply } from './apply.ts'
import { rulesOf } from './policy.ts'
import type { Rooms } from './rooms.ts'
import type { Shared } from './shared.ts'
import { accessTokenFor } from './token-set.ts'

export type UpstreamToken =
  /** Half of its life is left for `goodForMs`; after that another one is due. */
  | { readonly kind: 'minted'; readonly token: string; readonly goodForMs: number }
  /** The session does not live any more. */
  | { readonly kind: 'ended' }
  /** The audience would be Curfew itself (rule 15). */
  | { readonly kind: 'refused' }

export interface UpstreamRooms extends Rooms {
  /** Under way in this process, by session and version: a crowd would only outrun each other's swaps. */
  readonly mints: Shared<Newest | undefined>
}

/**
 * A short access token that an application behind the gateway may verify. Minted at most once per half
 * life and session, whatever the number of requests and replicas (rule 4), for the audience alone: the
 * issuer is never in it, so that Curfew's own API refuses it (rule 15).
 *
 * @throws StoreUnavailable
 */
export async function upstreamToken(
  rooms: UpstreamRooms,
  session: LiveSession,
  audience: string,
): Promise<UpstreamToken> {
  if (audience === rooms.policy.issuer) return { kind: 'refused' }
  const { origin, version } = session
  const minted = await rooms.mints.run(`${origin.sid} ${version}`, () => newestOf(rooms, session))
  if (minted === undefined) return { kind: 'ended' }
  const { newest, holder, halfLifeMs } = minted
  const token = accessTokenFor(rooms, holder, newest, [audience])
  const leftMs = newest.exp * 1000 - rooms.clock.now()
  return { kind: 'minted', token, goodForMs: Math.max(0, leftMs - halfLifeMs) }
}

interface Newest {
  readonly newest: MintedAccess
  readonly holder: LiveSession
  readonly halfLifeMs: number
}

async function newestOf(rooms: Rooms, session: LiveSession): Promise<Newest | undefined> {
  const { clientId, device } = session.origin
  const ttlSeconds = rooms.policy.accessTtlSeconds(clientId, device)
  const halfLifeMs = (ttlSeconds * 1000) / 2
  const command: MintCommand = {
    kind: 'mint',
    mint: { jti: rooms.random.tokenId(), ttlSeconds, keyId: rooms.access.currentKid() },
    idleTtlMs: rulesOf(rooms.policy, device).idleTtlMs,
    reuseAboveMs: halfLifeMs,
  }
  const holder = await holderOf(rooms, session, command)
  const newest = holder?.access.newest
  if (holder === undefined || newest === undefined || newest === null) return undefined
  // The last token of a session is as short as what is left of it: then it is used to its end.
  const short = newest.exp * 1000 - rooms.clock.now() <= halfLifeMs
  return { newest, holder, halfLifeMs: short ? 0 : halfLifeMs }
}

/** The session as it stands with a token that may be derived: its mint has been committed. */
async function holderOf(
  rooms: Rooms,
  session: LiveSession,
  command: MintCommand,
): Promise<LiveSession | undefined> {
  const { sid } = session.origin
  if (transition(session, command, rooms.clock.now()).kind === 'unchanged') return session
  const applied: Applied = await apply(rooms, sid, () => command, { cached: true })
  return applied.kind === 'moved' || applied.kind === 'unchanged' ? applied.session : undefined
}
