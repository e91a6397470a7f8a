/* What each replica knows: its snapshot, its denylist, and the tail that follows the feed. */
import { instant, isExpired, type LiveSession } from '#domain'
import { read } from './model-store.ts'
import { next, stay, type Turn } from './turn.ts'
import { must } from './violation.ts'
import type { World } from './world.ts'

export function cache(turn: Turn, world: World, session: LiveSession): World {
  if (session.origin.sid !== 's1') return world
  const number = turn.model.book.number(session)
  return { ...world, caches: { ...world.caches, [turn.program.replica]: number } }
}

export function uncache(turn: Turn, world: World, sid: string): World {
  return sid === 's1'
    ? { ...world, caches: { ...world.caches, [turn.program.replica]: null } }
    : world
}

/** The process that ends a session denies it before it answers (rule 35). */
export function deny(turn: Turn, world: World, sids: readonly string[]): World {
  const { replica } = turn.program
  const all = [...new Set([...world.denied[replica], ...sids])].toSorted()
  const denied = { ...world.denied, [replica]: all }
  const caches = sids.includes('s1') ? { ...world.caches, [replica]: null } : world.caches
  return { ...world, denied, caches }
}

export function entriesAfter({ feed, reader }: World): World['feed'] {
  return feed.filter(({ seq }) => seq > reader.cursor)
}

/** The tail tells the denylist, which is asked before any cache; the cache keeps what it has. */
export function takeIn(turn: Turn): World {
  const { world, client, program } = turn
  const { page = [], head = 0 } = client
  const fresh = page.filter(({ seq }) => seq > world.reader.cursor)
  const seen = [...world.reader.seen, ...fresh.map(({ sid }) => sid)]
  const reader = { cursor: Math.max(world.reader.cursor, head), seen }
  const sids = [...new Set([...world.denied[program.replica], ...fresh.map(({ sid }) => sid)])]
  const denied = { ...world.denied, [program.replica]: sids.toSorted() }
  return next(turn, { ...world, denied, reader })
}

/** A check of s1's token on this replica: denylist, then cache, then store. */
export function present(turn: Turn): World {
  const { model, world, program } = turn
  const isDenied = world.denied[program.replica].includes('s1')
  const cached = world.caches[program.replica]
  if (isDenied && !model.bugs.cacheBeforeDenylist) return refuse(turn, world)
  if (cached !== null) {
    const session = model.book.live(cached)
    return isExpired(session, instant(world.now)) ? refuse(turn, world) : accept(turn, world)
  }
  const row = read(model, world, 's1')
  if (row.kind === 'ended' || isExpired(row, instant(world.now))) return refuse(turn, world)
  return stay(turn, accept(turn, world), { phase: 'fill', from: model.book.number(row) })
}

export function fill(turn: Turn): World {
  return next(turn, cache(turn, turn.world, turn.model.book.live(turn.client.from ?? -1)))
}

function accept(turn: Turn, world: World): World {
  const { replica } = turn.program
  const was = world.refused[replica].includes('s1')
  must(!was, 'dead-stays-dead', () => `replica ${replica} accepts s1 again`)
  const known = world.denied[replica].includes('s1')
  must(
    !known,
    'dead-stays-dead',
    () => `replica ${replica} accepts s1 although it knows of its end`,
  )
  return next(turn, world)
}

function refuse(turn: Turn, world: World): World {
  const { replica } = turn.program
  const refused = { ...world.refused, [replica]: ['s1'] }
  return next(turn, { ...world, refused })
}
