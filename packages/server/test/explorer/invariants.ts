/* What must hold in every state, and at every commit and answer. */

import type { Instant } from '#domain'
import { isExpired, type LiveSession, type Session, toInstant } from '#domain'
import { must } from './violation.ts'
import type { Book, World } from './world.ts'

/** Checked in each state that is reached. */
export function checkWorld(book: Book, world: World): void {
  const rows = world.rows.map((number) => book.session(number))
  checkSlots(rows)
  checkFeed(rows, world)
  checkReader(world)
}

function checkSlots(rows: readonly Session[]): void {
  const slots = rows.flatMap((row) =>
    row.kind === 'live' && row.origin.slot !== null ? [row.origin.slot] : [],
  )
  must(new Set(slots).size === slots.length, 'one-live-row', () => `slots ${slots.join(', ')}`)
}

/** Numbers without gap, each end once, and the entry that verifiers see covers every token. */
function checkFeed(rows: readonly Session[], world: World): void {
  const said = () => JSON.stringify(world.feed)
  const numbers = world.feed.map(({ seq }) => seq).toSorted((a, b) => a - b)
  must(
    numbers.every((seq, index) => seq === index + 1),
    'no-lost-end',
    () => `the numbers have a gap: ${said()}`,
  )
  const ended = rows.filter((row) => row.kind === 'ended')
  must(
    world.feed.length === ended.length,
    'no-lost-end',
    () => `an end is not there once: ${said()}`,
  )
  for (const { origin, end, access } of ended) {
    const entry = world.feed.find(({ seq }) => seq === end.seq)
    must(entry?.sid === origin.sid, 'no-lost-end', () => `${origin.sid} is not number ${end.seq}`)
    must(
      entry?.exp === access.latestExp,
      'every-mint-is-a-swap',
      () => `the feed says ${entry?.exp}, a token lives until ${access.latestExp}`,
    )
  }
}

function checkReader({ reader, feed }: World): void {
  const passed = feed.filter(({ seq }) => seq <= reader.cursor)
  const wanted = passed.toSorted((a, b) => a.seq - b.seq).map(({ sid }) => sid)
  must(
    JSON.stringify(wanted) === JSON.stringify(reader.seen),
    'no-lost-end',
    () => `at ${reader.cursor} the reader saw ${reader.seen} of ${wanted}`,
  )
}

/** A row's change from one version to the next. */
export function checkSwap(before: Session, after: LiveSession): void {
  const { sid } = before.origin
  must(before.kind === 'live', 'no-way-back', () => `${sid} was written after its end`)
  const risen = (after.rotation?.generation ?? 0) - (before.rotation?.generation ?? 0)
  must(
    risen === 0 || risen === 1,
    'one-successor',
    () => `the generation of ${sid} rose by ${risen}`,
  )
  must(
    after.access.latestExp >= before.access.latestExp,
    'every-mint-is-a-swap',
    () => `the latest expiry of ${sid} fell`,
  )
  must(
    toInstant(after.access.latestExp) <= after.origin.absoluteExpiresAt,
    'every-mint-is-a-swap',
    () => `a token outlives ${sid}`,
  )
  const back =
    after.life.lastSeenAt < before.life.lastSeenAt ||
    after.life.idleExpiresAt < before.life.idleExpiresAt
  must(!back, 'no-lost-start', () => `the life of ${sid} got shorter`)
  must(after.version === before.version + 1, 'no-way-back', () => `the version of ${sid} jumped`)
}

/** Why an end is right: nothing but these ends a session. */
export interface EndClaim {
  readonly row: LiveSession
  readonly reason: string
  readonly now: Instant
  /** Of the client's program: it is there to end sessions, or a start. */
  readonly mayEnd: boolean
  /** For a refresh: what it presented, and whether by the session's own client. */
  readonly presented: { readonly generation: number; readonly honest: boolean } | undefined
  readonly graceMs: number
  /** The provider has withdrawn the grant for good. */
  readonly withdrawn: boolean
}

export function checkEnd(claim: EndClaim): void {
  const { row, reason } = claim
  must(isRight(claim), 'no-lost-start', () => `${row.origin.sid} ended as ${reason}`)
}

function isRight({ row, reason, now, mayEnd, presented, graceMs, withdrawn }: EndClaim): boolean {
  switch (reason) {
    case 'expired':
      return isExpired(row, now)
    case 'idp_refused':
      return withdrawn
    case 'refresh_reuse': {
      if (presented === undefined || row.rotation === null) return false
      const behind = row.rotation.generation - presented.generation
      const late = now >= row.rotation.rotatedAt + graceMs
      return behind > 1 || (behind === 1 && (late || !presented.honest))
    }
    default:
      return mayEnd
  }
}
