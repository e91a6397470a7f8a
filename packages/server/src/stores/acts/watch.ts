import type { Session, SessionId } from '#domain'
import { type Act, ask, askOne, type Statement, statement } from '../act.ts'
import { sessionColumns } from '../columns.ts'
import type { Dialect } from '../dialect.ts'
import { text, toSession, whole } from '../row.ts'

export interface WatchStatements {
  readonly dialect: Dialect
  readonly startedAfter: Statement
  readonly sessions: Statement
  readonly unended: Statement
}

export function watchStatements(dialect: Dialect): WatchStatements {
  return {
    dialect,
    // The key alone: read every moment, and most of it was seen before.
    startedAfter: statement(
      'started_after',
      'select sid from sessions where sid > $1 order by sid desc limit $2',
    ),
    sessions: statement(
      'sessions_of_sids',
      `select ${sessionColumns.join(', ')} from sessions
      where sid ${dialect.inList(1)} order by sid`,
    ),
    // Of the partial index alone: whether one has run out would take its row.
    unended: statement(
      'count_unended',
      'select count(*) as count from sessions where revoked_at is null',
    ),
  }
}

export function* startedAfter(
  sql: WatchStatements,
  after: SessionId,
  limit: number,
): Act<readonly SessionId[]> {
  const rows = yield* ask(sql.startedAfter, after, limit)
  return rows.map((row) => text(row, 'sid') as SessionId)
}

export function* readSessions(
  sql: WatchStatements,
  sids: readonly SessionId[],
): Act<readonly Session[]> {
  const rows = yield* ask(sql.sessions, sql.dialect.list(sids))
  return rows.map(toSession)
}

export function* countUnended(sql: WatchStatements): Act<number> {
  return whole(yield* askOne(sql.unended), 'count')
}
