import {
  type Command,
  type End,
  type EndCause,
  type EndedSession,
  endsChildren,
  type Instant,
  isExpired,
  type LiveSession,
  type Refusal,
  reason,
  type Salt,
  type Session,
  type SessionId,
  transition,
} from '#domain'
import { StoreUnavailable } from './ports.ts'
import type { Rooms } from './rooms.ts'

/** Decisions that lost this many swaps in a row give up with 503; each loss means that another one won. */
const swapAttemptsMax = 32

export type Applied =
  | { readonly kind: 'moved'; readonly session: LiveSession; readonly now: Instant }
  | { readonly kind: 'unchanged'; readonly session: LiveSession; readonly now: Instant }
  /** It ended now (`byThis`) or before. */
  | { readonly kind: 'ended'; readonly end: End; readonly byThis: boolean }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'unknown' }
  /** The caller's proof does not fit the row. */
  | { readonly kind: 'forged' }

/** The command may depend on what the row says, such as its device class. */
export type CommandFor = (session: LiveSession) => Command

export interface ApplyOptions {
  /** May the first decision rest on a cached row? Only `moved` may come of it (rule 3). */
  readonly cached?: boolean
  /** The row as the caller has just read it, with the store's time: it proposes like a cached one. */
  readonly read?: { readonly session: LiveSession; readonly now: Instant }
  /** Does the credential fit the row? Asked of every row before a decision. */
  readonly proof?: (salt: Salt) => boolean
}

/**
 * Decide, swap, and on a conflict read and decide again (DESIGN.md, section 2). The decision may rest
 * on a cached row only if it moves the session; the swap's own conditions then vouch for the rest.
 *
 * @throws StoreUnavailable when the outcome is unknown
 */
export async function apply(
  rooms: Rooms,
  sid: SessionId,
  commandFor: CommandFor,
  options: ApplyOptions = {},
): Promise<Applied> {
  const proposed = await propose(rooms, sid, commandFor, options)
  if (proposed !== undefined) return proposed
  for (let attempt = 0; attempt < swapAttemptsMax; attempt++) {
    const applied = await decideOnFreshRow(rooms, sid, commandFor, options)
    if (applied !== 'conflict') return applied
  }
  throw new StoreUnavailable(new Error(`${swapAttemptsMax} swaps of one session were all outrun`))
}

async function propose(
  rooms: Rooms,
  sid: SessionId,
  commandFor: CommandFor,
  { cached = false, read, proof }: ApplyOptions,
): Promise<Applied | undefined> {
  const known = read?.session ?? (cached ? remembered(rooms, sid) : undefined)
  const session = known instanceof Promise ? await known : known
  if (session === undefined || proof?.(session.origin.salt) === false) return undefined
  const now = read?.now ?? rooms.clock.now()
  const outcome = transition(session, commandFor(session), now)
  if (outcome.kind !== 'moved') return undefined
  const applied = await swap(rooms, session, { ...outcome, now })
  return applied === 'conflict' ? undefined : applied
}

type Remembered = LiveSession | Promise<LiveSession | undefined> | undefined

/** Here, else with the other replicas; a promise only where somebody has to be asked. */
export function remembered({ cache }: Pick<Rooms, 'cache'>, sid: SessionId): Remembered {
  return cache.get(sid) ?? cache.recall(sid)
}

async function decideOnFreshRow(
  rooms: Rooms,
  sid: SessionId,
  commandFor: CommandFor,
  options: ApplyOptions,
): Promise<Applied | 'conflict'> {
  const read = await readFresh(rooms, sid)
  if (read === undefined) return { kind: 'unknown' }
  const { session, now } = read
  if (options.proof?.(session.origin.salt) === false) return { kind: 'forged' }
  if (session.kind === 'ended') return { kind: 'ended', end: session.end, byThis: false }
  const outcome = transition(session, commandFor(session), now)
  switch (outcome.kind) {
    case 'moved':
      return swap(rooms, session, { ...outcome, now })
    case 'ends':
      return endFor(rooms, sid, outcome.cause)
    case 'unchanged':
      return { kind: 'unchanged', session: outcome.session, now }
    case 'refused':
      return { kind: 'refused', refusal: outcome.refusal }
    default:
      return outcome satisfies never
  }
}

interface Move {
  readonly next: LiveSession
  readonly until: Instant | null
  readonly now: Instant
}

async function swap(
  rooms: Rooms,
  from: LiveSession,
  { next, until, now }: Move,
): Promise<Applied | 'conflict'> {
  const result = await rooms.store.swap(from, next, until)
  if (result === 'conflict') {
    rooms.signals.swapConflict()
    rooms.cache.drop(from.origin.sid)
    return 'conflict'
  }
  const session = { ...next, version: from.version + 1 }
  rooms.cache.advance(session, now)
  // What a gateway shows or checks of it is another: replicas that remember it are told to look.
  if (next.grants !== from.grants || next.sessionToken !== from.sessionToken) {
    rooms.hints.announceSession(session.origin.sid)
  }
  return { kind: 'moved', session, now }
}

/**
 * Ends a session, with what it approved where the reason says so (rule 31) or `family` does, and denies
 * all of them in this process before anybody is answered (rule 35).
 */
export async function endFor(
  rooms: Rooms,
  sid: SessionId,
  cause: EndCause,
  options: { readonly family?: boolean } = {},
): Promise<Extract<Applied, { kind: 'ended' | 'unknown' }> | 'conflict'> {
  const family = options.family ?? endsChildren(cause.reason)
  const result = await rooms.store.end({ sid, ...cause, ...(family ? { family } : {}) })
  rooms.cache.drop(sid)
  const children = 'children' in result ? (result.children ?? []) : []
  for (const child of children) {
    rooms.denylist.deny(child)
    rooms.cache.drop(child.sid)
  }
  switch (result.kind) {
    case 'ended':
      rooms.denylist.deny(result.recorded)
      return { kind: 'ended', end: result.recorded.end, byThis: true }
    case 'already':
      return { kind: 'ended', end: result.end, byThis: false }
    case 'not-expired':
      return 'conflict'
    case 'unknown':
      return { kind: 'unknown' }
    default:
      return result satisfies never
  }
}

/** A row from the primary. A live one that this process knows to have ended ends again (rule 7). */
export async function readFresh(
  rooms: Rooms,
  sid: SessionId,
): Promise<{ readonly session: LiveSession | EndedSession; readonly now: Instant } | undefined> {
  const read = await rooms.store.read(sid)
  if (read === undefined) {
    rooms.cache.drop(sid)
    return undefined
  }
  if (read.session.kind === 'live' && rooms.denylist.denies(sid)) {
    return endAgain(rooms, read.session)
  }
  rooms.cache.put(read)
  return { session: read.session, now: read.now }
}

/**
 * A live row past its time ends here, so that nobody is told anything but the truth about it. Undefined:
 * the row is gone.
 */
export async function settled(
  rooms: Rooms,
  { session, now }: { readonly session: Session; readonly now: Instant },
): Promise<Session | undefined> {
  if (session.kind === 'ended' || !isExpired(session, now)) return session
  const cause = { reason: reason('expired'), by: null, guard: 'expired' } as const
  const ended = await endFor(rooms, session.origin.sid, cause)
  if (ended === 'conflict') return session
  return ended.kind === 'unknown' ? undefined : { ...session, kind: 'ended', end: ended.end }
}

/**
 * Two ways lead here: this process heard of an end between the read and now, or the store was put
 * back to an older state. Ending is right in both: the first end stands where there is one.
 */
async function endAgain(
  rooms: Rooms,
  session: LiveSession,
): Promise<{ readonly session: EndedSession; readonly now: Instant } | undefined> {
  const { sid } = session.origin
  const cause: EndCause = { reason: reason('restored'), by: null, guard: 'live' }
  const ended = await endFor(rooms, sid, cause)
  if (ended === 'conflict' || ended.kind === 'unknown') return undefined
  if (ended.byThis) rooms.signals.alarm({ kind: 'came-back', sid })
  return { session: { ...session, kind: 'ended', end: ended.end }, now: rooms.clock.now() }
}
