import { type ClientId, clientOfUid, reason, type SessionId } from '#domain'
import { everything } from './administer.ts'
import { endFor } from './apply.ts'
import { serviceDevice } from './client-token.ts'
import type { ExpiredScan, FeedStore, Pruned, PruneLimits, ScanPosition } from './ports.ts'
import type { Rooms } from './rooms.ts'

const scanPage = 500

/** Ends every session that has run out, so that webhooks and lists say so. Answers how many. */
export async function endExpired(rooms: Rooms): Promise<number> {
  let ended = 0
  let after: ScanPosition | null = null
  do {
    const scan: ExpiredScan = await rooms.store.expired(after, scanPage)
    const cause = { reason: reason('expired'), by: null, guard: 'expired' } as const
    const answers = await Promise.all(scan.sids.map((sid) => endFor(rooms, sid, cause)))
    ended += answers.filter((answer) => answer !== 'conflict' && answer.kind === 'ended').length
    after = scan.next
  } while (after !== null)
  return ended
}

/** A client's own session ends when the client leaves the configuration (API.md, section 4). */
export async function endForgottenClients(rooms: Rooms): Promise<readonly ClientId[]> {
  const forgotten: ClientId[] = []
  let before: SessionId | null = null
  for (;;) {
    const query = {
      ...everything,
      state: 'live',
      device: serviceDevice,
      before,
      limit: scanPage,
    } as const
    const page = await rooms.store.list(query)
    for (const { origin } of page.sessions) {
      const client = clientOfUid(origin.uid)
      if (client === undefined || rooms.policy.client(client) !== undefined) continue
      await endFor(rooms, origin.sid, { reason: reason('adminRevoke'), by: null, guard: 'live' })
      forgotten.push(client)
    }
    before = page.sessions.at(-1)?.origin.sid ?? null
    if (!page.more || before === null) return forgotten
  }
}

/** Deletes what nobody may ask for any more, in bounded steps. */
export async function prune(store: FeedStore, limits: PruneLimits): Promise<Pruned> {
  const total = { feedRows: 0, sessions: 0, more: false }
  for (;;) {
    const pruned = await store.prune(limits)
    total.feedRows += pruned.feedRows
    total.sessions += pruned.sessions
    if (!pruned.more) return total
  }
}

/** `curfew recover`: ends every live session, newest first. Answers how many (rule 7). */
export async function endAll(rooms: Rooms): Promise<number> {
  let ended = 0
  let before: SessionId | null = null
  const cause = { reason: reason('restored'), by: null, guard: 'live' } as const
  for (;;) {
    const page = await rooms.store.list({ ...everything, state: 'live', before, limit: scanPage })
    const sids = page.sessions.map((session) => session.origin.sid)
    const answers = await Promise.all(sids.map((sid) => endFor(rooms, sid, cause)))
    ended += answers.filter((answer) => answer !== 'conflict' && answer.kind === 'ended').length
    before = sids.at(-1) ?? null
    if (!page.more || before === null) return ended
  }
}
