import type { SessionPage, SessionQuery, SessionSearch } from '#authority'
import type { Session } from '#domain'
import { type Act, ask, type Param, type Row, type Statement, statement } from '../act.ts'
import { sessionColumnsOf } from '../columns.ts'
import type { Dialect } from '../dialect.ts'
import { text, time, toSession } from '../row.ts'

/**
 * A search that finds so few looks all of them up; one that finds more walks down the sessions from the
 * newest and soon has a page. Either alone is slow at a million rows: the first sorts what everybody's
 * uid begins with, the second passes all of them for one that is rare.
 */
const foundMax = 2000
/** No uid has a greater character. */
const greatest = '\u{10ffff}'

export interface ListStatements {
  readonly dialect: Dialect
  readonly find: Statement
  readonly lists: Map<string, Statement>
}

export function listStatements(dialect: Dialect): ListStatements {
  return {
    dialect,
    find: statement(
      'find_sids',
      `select sid from (
        select sid from sessions where uid >= $1 and uid < $2
        union all select sid from sessions where sid = $3
        union all select sid from sessions where ip = $4
      ) found limit $5`,
    ),
    lists: new Map(),
  }
}

/** Newest first; sids of UUIDv7 are in the order of their starts. */
export function* listSessions(sql: ListStatements, query: SessionQuery): Act<SessionPage> {
  const filter = filterOf(sql.dialect, query)
  if (query.search !== null) yield* search(sql, query.search, filter)
  const rows = yield* ask(listOf(sql, filter.conditions), query.limit + 1, ...filter.values)
  const found = rows.filter((row) => row['sid'] !== null).slice(0, query.limit)
  return {
    sessions: found.map(toSession) as readonly Session[],
    more: rows.length > query.limit,
    now: time(firstOf(rows), 'store_now'),
  }
}

/** The conditions of one list; `$1` is its limit. */
class Filter {
  readonly conditions: string[] = []
  readonly values: Param[] = []

  add(condition: string): void {
    this.conditions.push(condition)
  }

  /** The place of a value. */
  place(value: Param): string {
    this.values.push(value)
    return `$${this.values.length + 1}`
  }
}

function filterOf({ now }: Dialect, query: SessionQuery): Filter {
  const filter = new Filter()
  const equals = [
    ['uid', query.uid],
    ['device', query.device],
    ['client_id', query.clientId],
    ['revoked_reason', query.reason],
    ['ip', query.ip],
  ] as const
  for (const [column, value] of equals) {
    if (value !== null) filter.add(`${column} = ${filter.place(value)}`)
  }
  if (query.before !== null) filter.add(`sid < ${filter.place(query.before)}`)
  if (query.state === 'ended') filter.add('revoked_at is not null')
  if (query.state === 'live') {
    filter.add('revoked_at is null')
    filter.add(`absolute_expires_at > ${now} and idle_expires_at > ${now}`)
  }
  return filter
}

function* search(
  sql: ListStatements,
  { uidPrefix, sid, ip }: SessionSearch,
  filter: Filter,
): Act<void> {
  const asked = [uidPrefix, uidPrefix + greatest, sid, ip]
  const rows = yield* ask(sql.find, ...asked, foundMax + 1)
  if (rows.length <= foundMax) {
    const place = filter.values.length + 2
    filter.place(sql.dialect.list(rows.map((row) => text(row, 'sid'))))
    filter.add(`sid ${sql.dialect.inList(place)}`)
    return
  }
  const [from, to, one, address] = asked.map((value) => filter.place(value))
  // The expression keeps both engines from the index by uid, and from sorting all that it finds.
  filter.add(`((uid || '' >= ${from} and uid || '' < ${to}) or sid = ${one} or ip = ${address})`)
}

// The clock comes along even when no session does: hence the outer join.
function listOf(sql: ListStatements, conditions: readonly string[]): Statement {
  const where = conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`
  let list = sql.lists.get(where)
  if (list === undefined) {
    list = statement(
      `list_${sql.lists.size}`,
      `select c.store_now, ${sessionColumnsOf('s')} from (select ${sql.dialect.now} as store_now) c
      left join (select * from sessions ${where} order by sid desc limit $1) s on true
      order by s.sid desc`,
    )
    sql.lists.set(where, list)
  }
  return list
}

function firstOf(rows: readonly Row[]): Row {
  const [row] = rows
  if (row === undefined) throw new Error('an outer join answered no row at all')
  return row
}
