import type { Pruned, PruneLimits } from '#authority'
import { type Act, ask, type Statement, statement } from '../act.ts'
import type { Dialect } from '../dialect.ts'
import { whole } from '../row.ts'
import { pruneActivityStatement } from './activity.ts'
import { pruneAdminLinksStatement } from './admin-links.ts'
import { pruneAuditStatement } from './audit.ts'
import { codeStatements } from './codes.ts'
import { pruneReplicasStatement } from './replicas.ts'

/** No feed row goes earlier: replicas may need it to judge their snapshots (rule 5). */
const feedKeptMsMin = 3_600_000

/** Whoever still shows or polls a code that ran out is told so for that long. */
const deviceKeptMs = 3_600_000

export interface PruneStatements {
  readonly feed: Statement
  readonly raiseFloor: Statement
  readonly sessions: Statement
  readonly effects: Statement
  readonly once: Statement
  readonly codes: Statement
  readonly devices: Statement
  readonly activity: Statement
  readonly replicas: Statement
  readonly links: Statement
  readonly audit: Statement
}

export function pruneStatements(dialect: Dialect): PruneStatements {
  const { now, greatest } = dialect
  return {
    codes: codeStatements(dialect).prune,
    activity: pruneActivityStatement(dialect),
    replicas: pruneReplicasStatement(dialect),
    links: pruneAdminLinksStatement(dialect),
    audit: pruneAuditStatement(dialect),
    feed: statement(
      'prune_feed',
      `delete from feed where seq in (
        select seq from feed where at < ${now} - $1 and exp < ${now} / 1000 order by at, seq limit $2
      ) returning seq`,
    ),
    raiseFloor: statement(
      'raise_floor',
      `update feed_head set floor = ${greatest}(floor, $1) where id = 1`,
    ),
    sessions: statement(
      'prune_sessions',
      `delete from sessions where sid in (
        select sid from sessions s where revoked_at < ${now} - $1
          and not exists (select 1 from outbox o where o.sid = s.sid)
          and not exists (select 1 from sessions c where c.parent_sid = s.sid)
        order by revoked_at limit $2
      ) and revoked_at is not null returning version`,
    ),
    effects: statement(
      'prune_effects',
      `delete from outbox where id in (
        select id from outbox where gave_up_at < ${now} - $1 order by id limit $2
      )`,
    ),
    once: statement(
      'prune_once',
      `delete from once where (kind, id) in (
        select kind, id from once where expires_at <= ${now} order by expires_at limit $1
      ) returning expires_at`,
    ),
    devices: statement(
      'prune_devices',
      `delete from device_authorizations where id in (
        select id from device_authorizations where expires_at < ${now} - ${deviceKeptMs}
        order by expires_at limit $1
      ) returning expires_at`,
    ),
  }
}

/** The feed: the floor rises in the transaction that deletes, so no reader misses a row unawares. */
export function* pruneFeed(sql: PruneStatements, limits: PruneLimits): Act<number> {
  const keptMs = Math.max(limits.feedRetentionMs, feedKeptMsMin)
  const rows = yield* ask(sql.feed, keptMs, limits.rowsMax)
  if (rows.length === 0) return 0
  const highest = rows.reduce((max, row) => Math.max(max, whole(row, 'seq')), 0)
  yield* ask(sql.raiseFloor, highest)
  return rows.length
}

/**
 * Ended sessions, and what may be used again because it has expired. What is to be told of a session
 * keeps its row, and so does a session that others descend from; what was given up for that long is told
 * to nobody any more.
 */
export function* pruneSessions(
  sql: PruneStatements,
  limits: PruneLimits,
): Act<Pick<Pruned, 'sessions' | 'more'>> {
  const once = yield* ask(sql.once, limits.rowsMax)
  const codes = yield* ask(sql.codes, limits.rowsMax)
  const devices = yield* ask(sql.devices, limits.rowsMax)
  yield* ask(sql.activity)
  yield* ask(sql.replicas)
  const links = yield* ask(sql.links, limits.rowsMax)
  const auditMs = limits.auditRetentionMs ?? limits.endedRetentionMs
  const audit = yield* ask(sql.audit, auditMs, limits.rowsMax)
  yield* ask(sql.effects, limits.endedRetentionMs, limits.rowsMax)
  const sessions = yield* ask(sql.sessions, limits.endedRetentionMs, limits.rowsMax)
  const all = [once, codes, devices, links, audit, sessions]
  const more = all.some((rows) => rows.length >= limits.rowsMax)
  return { sessions: sessions.length, more }
}
