import type { FeedEntry, FeedPage, FeedQuery, TailRead } from '#authority'
import type { Epoch, EpochSeconds, FeedCursor, SessionId, TokenId } from '#domain'
import { type Act, ask, askOne, type Param, type Row, type Statement, statement } from '../act.ts'
import type { Dialect } from '../dialect.ts'
import { seconds, text, textOrNull, time, whole } from '../row.ts'

/** How many rows one reading of the tail answers. */
const tailRowsMax = 10_000
/** `limit: null`: everything. */
const noLimit = 2_000_000_000
/** How far a numeric `since` looks back: more than an ending transaction may last (rule 38). */
const lookBackSeconds = 5

export interface FeedStatements {
  readonly tail: Statement
  readonly pageFromStart: Statement
  readonly pageSince: Statement
  readonly pageAfter: Statement
  readonly renewEpoch: Statement
  readonly epoch: Statement
}

const head = (now: string): string =>
  `head as (select epoch, seq, floor, keys_version, ${now} as store_now from feed_head where id = 1)`

const headAndEntries = `select h.epoch as head_epoch, h.seq as head_seq, h.floor, h.keys_version,
  h.store_now, f.seq, f.sid, f.jti, f.exp, f.at from head h`

export function feedStatements({ now }: Dialect): FeedStatements {
  return {
    tail: statement(
      'tail',
      `with ${head(now)} ${headAndEntries}
      left join (select seq, sid, jti, exp, at from feed where seq > $1 order by seq limit $2) f
        on true order by f.seq`,
    ),
    pageFromStart: statement('page_start', pageText(now, '')),
    pageSince: statement(
      'page_since',
      pageText(
        now,
        `and seq >= coalesce((select seq from feed where at >= $3 order by at, seq limit 1),
          9007199254740991)`,
      ),
    ),
    pageAfter: statement(
      'page_after',
      pageText(
        now,
        `and seq > (select case when epoch = cast($3 as text) and cast($4 as bigint) <= head.seq
          and cast($4 as bigint) >= floor then cast($4 as bigint) else 0 end from head)`,
      ),
    ),
    renewEpoch: statement(
      'renew_epoch',
      'update feed_head set epoch = $2 where id = 1 and epoch = $1 returning epoch',
    ),
    epoch: statement('epoch', 'select epoch from feed_head where id = 1'),
  }
}

/** `$1` limit, `$2` 1 for every end that is kept. Head and page are one snapshot (rule 38). */
function pageText(now: string, from: string): string {
  return `with ${head(now)} ${headAndEntries}
    left join (
      select seq, sid, jti, exp, at from feed
      where (cast($2 as bigint) = 1
        or (jti is not null and exp >= (select store_now / 1000 from head))) ${from}
      order by seq limit $1
    ) f on true order by f.seq`
}

export function* readTail(sql: FeedStatements, afterSeq: number | null): Act<TailRead> {
  const rows = yield* ask(sql.tail, afterSeq ?? 0, tailRowsMax + 1)
  const { first, entries, more } = pageOf(rows, tailRowsMax)
  return {
    head: headOf(first),
    floor: whole(first, 'floor'),
    entries,
    more,
    now: time(first, 'store_now'),
    keysVersion: whole(first, 'keys_version'),
  }
}

export function* readPage(sql: FeedStatements, query: FeedQuery): Act<FeedPage> {
  const limit = query.limit ?? noLimit
  const [asked, ...values] = positionOf(sql, query)
  const rows = yield* ask(asked, limit + 1, query.all ? 1 : 0, ...values)
  const { first, entries, more } = pageOf(rows, limit)
  const current = headOf(first)
  const last = entries.at(-1)
  return {
    entries,
    head: current,
    cursor: more && last !== undefined ? { epoch: current.epoch, seq: last.seq } : current,
    more,
    reset: isReset(query, current, whole(first, 'floor')),
    now: time(first, 'store_now'),
  }
}

function positionOf(
  sql: FeedStatements,
  { position }: FeedQuery,
): readonly [Statement, ...Param[]] {
  switch (position.kind) {
    case 'start':
      return [sql.pageFromStart]
    case 'since':
      return [sql.pageSince, Math.max(0, position.seconds - lookBackSeconds) * 1000]
    case 'cursor':
      return [sql.pageAfter, position.cursor.epoch, position.cursor.seq]
    default:
      return position satisfies never
  }
}

/** The same test as in the statement: of another epoch, ahead of the head, or pruned since (rule 7). */
function isReset({ position }: FeedQuery, current: FeedCursor, floor: number): boolean {
  if (position.kind !== 'cursor') return false
  const { epoch, seq } = position.cursor
  return epoch !== current.epoch || seq > current.seq || seq < floor
}

interface Entries {
  readonly first: Row
  readonly entries: readonly FeedEntry[]
  readonly more: boolean
}

function pageOf(rows: readonly Row[], limit: number): Entries {
  const [first] = rows
  if (first === undefined) throw new Error('the feed has no head: restore the store from a backup')
  const listed = rows.filter((row) => row['seq'] !== null)
  return { first, entries: listed.slice(0, limit).map(toEntry), more: listed.length > limit }
}

function toEntry(row: Row): FeedEntry {
  return {
    seq: whole(row, 'seq'),
    sid: text(row, 'sid') as SessionId,
    jti: textOrNull(row, 'jti') as TokenId | null,
    exp: seconds(row, 'exp') satisfies EpochSeconds,
    at: time(row, 'at'),
  }
}

function headOf(row: Row): FeedCursor {
  return { epoch: text(row, 'head_epoch') as Epoch, seq: whole(row, 'head_seq') }
}

export function* renewEpoch(sql: FeedStatements, expected: Epoch, next: Epoch): Act<Epoch> {
  const renewed = yield* ask(sql.renewEpoch, expected, next)
  const row = renewed[0] ?? (yield* askOne(sql.epoch))
  return text(row, 'epoch') as Epoch
}
