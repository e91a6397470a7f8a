import type { Secret, Session, SessionId } from '#domain'
import { readFresh } from './apply.ts'
import { endOne } from './logout.ts'
import { type Presented, present } from './present.ts'
import { type ProviderRefreshDeps, tokensOf } from './provider-attempt.ts'
import type { Rooms } from './rooms.ts'

/** What a browser that signs out held. */
export interface SignedOut {
  /** How many sessions ended now. */
  readonly ended: number
  /** Where the provider's session ends too; null: no provider, or none that can be told. */
  readonly atProvider: { readonly providerId: string; readonly idToken: Secret | null } | null
}

export type SignOutDeps = Pick<ProviderRefreshDeps, 'rooms' | 'seal'>

/** What a browser proves its sessions by: its cookies, and what was proven on another host. */
export interface SignOutProofs {
  readonly cookies: readonly string[]
  readonly sids: readonly SessionId[]
}

/**
 * Ends the sessions of a browser's cookies, durably, before it answers; what the provider handed out
 * goes back to it as an effect of the end. Cookies that lead nowhere are passed over, and a session that had
 * ended still names its provider, where the person may be signed in yet.
 *
 * @throws StoreUnavailable, KeyMissing
 */
export async function signOut(deps: SignOutDeps, proofs: SignOutProofs): Promise<SignedOut> {
  const sessions = await sessionsOf(deps.rooms, proofs)
  let ended = 0
  for (const session of sessions) {
    if (session.kind === 'live' && (await endsNow(deps.rooms, session))) ended += 1
  }
  const last = sessions.find(({ provider }) => provider !== null)
  return { ended, atProvider: last === undefined ? null : providerOf(deps, last) }
}

async function sessionsOf(rooms: Rooms, { cookies, sids }: SignOutProofs) {
  const shown = await Promise.all(cookies.map((cookie) => present(rooms, cookie, ['cookie'])))
  const read = await Promise.all(sids.map((sid) => readFresh(rooms, sid)))
  const proven = read.flatMap((one) => (one === undefined ? [] : [one.session]))
  return [...shown.flatMap(sessionIn), ...proven]
}

function sessionIn(presented: Presented): readonly Session[] {
  return presented.kind === 'live' || presented.kind === 'ended' ? [presented.session] : []
}

async function endsNow(rooms: Rooms, { origin }: Session): Promise<boolean> {
  const answer = await endOne(rooms, origin.sid, origin.uid)
  if (answer.kind !== 'done') return false
  rooms.signals.loggedOut(answer.already ? 'already_revoked' : 'ok')
  return !answer.already
}

function providerOf(deps: SignOutDeps, session: Session): SignedOut['atProvider'] {
  const { provider, origin } = session
  if (provider === null) return null
  const tokens = tokensOf(deps.seal, origin.sid, provider)
  return { providerId: provider.providerId, idToken: tokens?.idToken ?? null }
}
