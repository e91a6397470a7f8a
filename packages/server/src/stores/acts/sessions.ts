import type { ExpiredScan, ReadSession, ScanPosition, UserState } from '#authority'
import type { Epoch, Instant, LiveSession, SessionId, Uid } from '#domain'
import { type Act, ask, askOne, type Row, type Statement, statement } from '../act.ts'
import { groups, type Part, parts, sessionColumnsOf } from '../columns.ts'
import type { Dialect } from '../dialect.ts'
import { text, time, timeOrNull, toSession, whole } from '../row.ts'

/** How many unended rows one step of the search for expired ones looks at. */
const scanRowsMax = 10_000

export interface SessionStatements {
  readonly dialect: Dialect
  readonly read: Statement
  readonly swaps: Map<string, Statement>
  readonly expired: Statement
  readonly user: Statement
  readonly enable: Statement
  readonly fence: Statement
}

export function sessionStatements(dialect: Dialect): SessionStatements {
  const { now } = dialect
  return {
    dialect,
    read: statement(
      'read',
      `select ${sessionColumnsOf('s')}, h.epoch as head_epoch, h.seq as head_seq, ${now} as store_now
      from sessions s, feed_head h where s.sid = $1 and h.id = 1`,
    ),
    swaps: new Map(),
    expired: statement(
      'expired',
      `with scanned as (
        select uid, sid, ${dialect.least}(absolute_expires_at, idle_expires_at) as expires_at
        from sessions where revoked_at is null and (uid, sid) > ($1, $2)
        order by uid, sid limit $3
      ), ran_out as (
        select uid, sid from scanned where expires_at <= ${now} order by uid, sid limit $4
      ), last as (
        select uid, sid from scanned order by uid desc, sid desc limit 1
      )
      select (select count(*) from scanned) as scanned, r.uid, r.sid,
        l.uid as last_uid, l.sid as last_sid
      from (select 1 as one) c
      left join last l on true left join ran_out r on true order by r.uid, r.sid`,
    ),
    user: statement('user', 'select disabled_at, fence from users where uid = $1'),
    enable: statement('enable', 'update users set disabled_at = null where uid = $1'),
    fence: statement('fence', 'select value from fence where id = 1'),
  }
}

/** Row, head and clock of one statement (rules 5 and 6). */
export function* readSession(sql: SessionStatements, sid: SessionId): Act<ReadSession | undefined> {
  const [row] = yield* ask(sql.read, sid)
  if (row === undefined) return undefined
  return {
    session: toSession(row),
    asOf: { epoch: text(row, 'head_epoch') as Epoch, seq: whole(row, 'head_seq') },
    now: time(row, 'store_now'),
  }
}

interface Swap {
  readonly from: LiveSession
  readonly to: LiveSession
  readonly until: Instant | null
}

/** Later than any clock: a swap that no moment bounds. */
const noEnd = Number.MAX_SAFE_INTEGER

/** One UPDATE of the parts that differ, which only a live row of the same version takes. */
export function* swapSession(
  sql: SessionStatements,
  { from, to, until }: Swap,
): Act<'swapped' | 'conflict'> {
  const changed = parts.filter((part) => from[part] !== to[part])
  const values = changed.flatMap((part) => groups[part].values(to))
  const keys = [from.origin.sid, from.version, until ?? noEnd]
  const rows = yield* ask(swapOf(sql, changed), ...keys, ...values)
  return rows.length === 1 ? 'swapped' : 'conflict'
}

function swapOf(sql: SessionStatements, changed: readonly Part[]): Statement {
  const key = changed.join('_')
  let swap = sql.swaps.get(key)
  if (swap === undefined) {
    swap = statement(`swap_${key.toLowerCase()}`, swapText(sql.dialect, changed))
    sql.swaps.set(key, swap)
  }
  return swap
}

function swapText({ now, least }: Dialect, changed: readonly Part[]): string {
  const columns = changed.flatMap((part) => groups[part].columns)
  const sets = columns.map((column, index) => `, ${column} = $${index + 4}`).join('')
  return `update sessions set version = version + 1${sets}
    where sid = $1 and version = $2 and revoked_at is null
    and ${least}(absolute_expires_at, idle_expires_at, $3) > ${now}
    returning version`
}

/** At most `scanRowsMax` rows are looked at, so that a step stays short on a large table. */
export function* findExpired(
  sql: SessionStatements,
  after: ScanPosition | null,
  limit: number,
): Act<ExpiredScan> {
  const rows = yield* ask(sql.expired, after?.uid ?? '', after?.sid ?? '', scanRowsMax, limit)
  const found = rows.filter((row) => row['sid'] !== null)
  const sids = found.map((row) => text(row, 'sid') as SessionId)
  const summary = firstOf(rows)
  const full = sids.length === limit
  const atEnd = !full && whole(summary, 'scanned') < scanRowsMax
  if (atEnd) return { sids, next: null }
  const last = full ? found.at(-1) : undefined
  return {
    sids,
    next:
      last === undefined
        ? positionOf(summary, 'last_uid', 'last_sid')
        : positionOf(last, 'uid', 'sid'),
  }
}

function positionOf(row: Row, uid: string, sid: string): ScanPosition {
  return { uid: text(row, uid) as Uid, sid: text(row, sid) as SessionId }
}

export function* readUser(sql: SessionStatements, uid: Uid): Act<UserState> {
  const [row] = yield* ask(sql.user, uid)
  if (row === undefined) return { disabledAt: null, fence: 0 }
  return { disabledAt: timeOrNull(row, 'disabled_at'), fence: whole(row, 'fence') }
}

export function* enableUser(sql: SessionStatements, uid: Uid): Act<void> {
  yield* ask(sql.enable, uid)
}

export function* readFence(sql: SessionStatements): Act<number> {
  return whole(yield* askOne(sql.fence), 'value')
}

function firstOf(rows: readonly Row[]): Row {
  const [row] = rows
  if (row === undefined) throw new Error('an outer join answered no row at all')
  return row
}
