/*
 * The store of the explorer: what authority/ports.ts promises of a SessionStore, each act in one step.
 * Every write goes through `write` or `commitEnd`, which check what a write must keep.
 */
import {
  type Applicant,
  type DevicePolicy,
  type EndCause,
  type EndReason,
  instant,
  isExpired,
  type LiveSession,
  place,
  type Session,
} from '#domain'
import type { Bugs } from './bugs.ts'
import { checkEnd, checkSwap, type EndClaim } from './invariants.ts'
import { must } from './violation.ts'
import type { Book, World } from './world.ts'

export interface Store {
  readonly book: Book
  readonly bugs: Bugs
}

/** Why the client may end something: the part of an EndClaim that the store does not know. */
export type Warrant = Pick<EndClaim, 'mayEnd' | 'presented' | 'graceMs'>

export function read({ book }: Store, world: World, sid: string): Session {
  const row = world.rows.map((number) => book.session(number)).find((one) => one.origin.sid === sid)
  if (row === undefined) throw new Error(`no row ${sid}`)
  return row
}

function write({ book }: Store, world: World, session: Session): World {
  const rows = world.rows.map((number) =>
    book.session(number).origin.sid === session.origin.sid ? book.number(session) : number,
  )
  return { ...world, rows }
}

export function swap(
  store: Store,
  world: World,
  from: LiveSession,
  to: LiveSession,
): World | 'conflict' {
  const row = read(store, world, from.origin.sid)
  if (!store.bugs.swapWithoutVersion) {
    if (row.version !== from.version || row.kind === 'ended') return 'conflict'
    if (isExpired(row, instant(world.now))) return 'conflict'
  }
  const after: LiveSession = { ...to, version: row.version + 1 }
  checkSwap(row, after)
  return write(store, world, after)
}

export interface EndOrder extends EndCause {
  readonly sid: string
  readonly warrant: Warrant
  /** A number that was drawn before; only where that mistake is planted. */
  readonly seq?: number
}

export type Ended = { readonly kind: 'ended' | 'already' | 'not-expired'; readonly world: World }

export function end(store: Store, world: World, order: EndOrder): Ended {
  const row = read(store, world, order.sid)
  if (row.kind === 'ended' && !store.bugs.endWithoutGuard) return { kind: 'already', world }
  if (order.guard === 'expired' && !isExpired(row, instant(world.now))) {
    return { kind: 'not-expired', world }
  }
  return { kind: 'ended', world: commitEnd(store, world, order) }
}

function commitEnd(store: Store, world: World, order: EndOrder): World {
  const row: LiveSession | Session = read(store, world, order.sid)
  const now = instant(world.now)
  if (row.kind === 'live') {
    const { withdrawn } = world.idp
    checkEnd({ ...order.warrant, row, reason: order.reason, now, withdrawn })
  }
  const seq = order.seq ?? world.head + 1
  const ended: Session = {
    ...row,
    kind: 'ended',
    version: row.version + 1,
    end: { at: now, reason: order.reason, by: order.by, seq },
  }
  const feed = [...world.feed, { seq, sid: order.sid, exp: row.access.latestExp }]
  return { ...write(store, world, ended), feed, head: Math.max(world.head, seq) }
}

function unended(store: Store, world: World): readonly LiveSession[] {
  const rows = world.rows.map((number) => store.book.session(number))
  return rows
    .filter((row) => row.kind === 'live')
    .toSorted((a, b) => (a.origin.sid < b.origin.sid ? -1 : 1))
}

export interface UserEndOrder {
  readonly reason: EndReason
  readonly except: string | null
  readonly requireLive: string | null
  readonly disable: boolean
  readonly warrant: Warrant
}

export type UserEnded = { readonly world: World; readonly sids: readonly string[] } | 'caller-ended'

/** The fence rises first, also when no session ends (rule 1). */
export function endUser(store: Store, world: World, order: UserEndOrder): UserEnded {
  const live = unended(store, world)
  const { requireLive, except, warrant } = order
  if (requireLive !== null && !live.some((row) => row.origin.sid === requireLive)) {
    return 'caller-ended'
  }
  const fence = world.fence + 1
  let after: World = {
    ...world,
    fence,
    userFence: fence,
    disabled: world.disabled || order.disable,
  }
  const sids = live.map((row): string => row.origin.sid).filter((sid) => sid !== except)
  for (const sid of sids) {
    after = commitEnd(store, after, { sid, reason: order.reason, by: null, guard: 'live', warrant })
  }
  return { world: after, sids }
}

export interface StartOrder {
  readonly candidate: LiveSession
  readonly applicant: Applicant
  readonly policy: DevicePolicy
  readonly fence: number
  readonly warrant: Warrant
}

export type Started =
  | { readonly kind: 'started'; readonly world: World; readonly sids: readonly string[] }
  | { readonly kind: 'join'; readonly sid: string }
  | { readonly kind: 'fence-moved' }
  | { readonly kind: 'user-disabled' }

export function start(store: Store, world: World, order: StartOrder): Started {
  const { book, bugs } = store
  if (world.disabled) return { kind: 'user-disabled' }
  if (order.fence < world.userFence && !bugs.startWithoutFence) return { kind: 'fence-moved' }
  const rows = unended(store, world)
  const placement = place(order.policy, rows, order.applicant, instant(world.now))
  if (placement.join !== null) return { kind: 'join', sid: placement.join }
  checkFence(world, order.fence)
  let after = world
  const ends = bugs.startEndsNothing ? [] : placement.ends
  for (const { sid, reason: why, guard } of ends) {
    const cause = { sid, reason: why, by: null, guard, warrant: order.warrant }
    after = commitEnd(store, after, cause)
  }
  after = { ...after, rows: [...after.rows, book.number(order.candidate)] }
  return { kind: 'started', world: after, sids: ends.map(({ sid }): string => sid) }
}

/** A sign-in that began before its user was signed out everywhere has nothing to finish. */
export function checkFence(world: World, fence: number): void {
  must(
    fence >= world.userFence,
    'fence',
    () => `began at ${fence}, the user's is ${world.userFence}`,
  )
}
