/* The outbox as the worker uses it (authority/effect-ports.ts); its rows are written by starts and ends. */
import type {
  ClaimOrder,
  EffectEvent,
  EffectKind,
  EffectStore,
  GivenUp,
  LeasedEffect,
} from '#authority'
import type { Session, SessionId } from '#domain'
import { type Act, ask, type Row, type Statement, statement } from '../act.ts'
import { sessionColumns } from '../columns.ts'
import type { Dialect } from '../dialect.ts'
import { text, textOrNull, time, toSession, whole } from '../row.ts'

/** What an operator reads of an error, and no more of it. */
const errorLengthMax = 200

export interface EffectStatements {
  readonly dialect: Dialect
  readonly claim: Statement
  readonly sessions: Statement
  readonly finish: Statement
  readonly postpone: Statement
  readonly giveUp: Statement
  readonly giveUpOverdue: Statement
  readonly release: Statement
  readonly add: Statement
}

export function effectStatements(dialect: Dialect): EffectStatements {
  return { dialect, ...claimStatements(dialect), ...settleStatements(dialect) }
}

/**
 * A leased row is one that is due again when its lease has run out, so one index serves both. `due` is
 * materialised: chosen once, whatever the plan. A row that another worker leased meanwhile is judged anew
 * as it then is, and is due no more.
 */
function claimStatements(dialect: Dialect): Pick<EffectStatements, 'claim' | 'sessions'> {
  const { now, skipLocked } = dialect
  return {
    claim: statement(
      'claim_effects',
      `with due as materialized (
        select o.id from outbox o
        where o.kind = $1 and o.target = $2 and o.gave_up_at is null and o.due_at <= ${now}
          and not exists (
            select 1 from outbox e where e.sid = o.sid and e.kind = o.kind and e.target = o.target
              and e.id < o.id and e.gave_up_at is null
          )
        order by o.due_at, o.id limit $5${skipLocked}
      )
      update outbox set lease_owner = $3, due_at = ${now} + $4, attempts = attempts + 1
      where id in (select id from due)
      returning id, sid, kind, target, event, payload, created_at, open_since, attempts,
        ${now} as store_now`,
    ),
    sessions: statement(
      'sessions_of_effects',
      `select ${sessionColumns.join(', ')} from sessions where sid ${dialect.inList(1)}`,
    ),
  }
}

function settleStatements(
  dialect: Dialect,
): Omit<EffectStatements, 'dialect' | 'claim' | 'sessions'> {
  const { now, skipLocked } = dialect
  return {
    finish: statement(
      'finish_effects',
      `delete from outbox where id in (select cast(t.value as bigint) from ${dialect.rowsOf(1)})`,
    ),
    postpone: statement(
      'postpone_effect',
      `update outbox set lease_owner = null, due_at = ${now} + $3, last_error = $4
      where id = $1 and lease_owner = $2`,
    ),
    giveUp: statement(
      'give_up_effect',
      `update outbox set lease_owner = null, gave_up_at = ${now}, last_error = $3
      where id = $1 and lease_owner = $2 returning id`,
    ),
    giveUpOverdue: statement(
      'give_up_overdue',
      `with overdue as materialized (
        select o.id from outbox o
        where o.gave_up_at is null and o.open_since <= ${now} - $1
          and (o.lease_owner is null or o.due_at <= ${now})
        order by o.id limit $2${skipLocked}
      )
      update outbox set lease_owner = null, gave_up_at = ${now},
        last_error = coalesce(last_error, 'nobody here knows its target')
      where id in (select id from overdue) returning id, sid, kind, target, event`,
    ),
    release: statement(
      'release_effects',
      `update outbox set lease_owner = null, due_at = ${now}, attempts = attempts - 1
      where lease_owner = $1`,
    ),
    add: statement(
      'add_effect',
      `insert into outbox (sid, kind, target, event, payload, created_at, open_since, due_at)
      values ($1, $2, $3, 'session.ended', $4, ${now}, ${now}, ${now})`,
    ),
  }
}

export function* claimEffects(
  sql: EffectStatements,
  { kind, target, owner, leaseMs, limit }: ClaimOrder,
): Act<readonly LeasedEffect[]> {
  const rows = yield* ask(sql.claim, kind, target, owner, leaseMs, limit)
  const sids = rows.filter((row) => row['payload'] === null).map((row) => text(row, 'sid'))
  const sessions = new Map<string, Session>()
  if (sids.length > 0) {
    for (const row of yield* ask(sql.sessions, sql.dialect.list(sids))) {
      sessions.set(text(row, 'sid'), toSession(row))
    }
  }
  // RETURNING has no order of its own; within a lane there is only one.
  const leased = rows.map((row) => leasedOf(row, sessions.get(text(row, 'sid'))))
  return leased.toSorted((a, b) => a.id - b.id)
}

function leasedOf(row: Row, session: Session | undefined): LeasedEffect {
  return {
    ...namesOf(row),
    payload: textOrNull(row, 'payload'),
    session,
    createdAt: time(row, 'created_at'),
    attempts: whole(row, 'attempts'),
    openMs: time(row, 'store_now') - time(row, 'open_since'),
  }
}

export function namesOf(row: Row): GivenUp {
  return {
    id: whole(row, 'id'),
    sid: text(row, 'sid') as SessionId,
    kind: text(row, 'kind') as EffectKind,
    target: text(row, 'target'),
    event: text(row, 'event') as EffectEvent,
  }
}

/** Whoever holds the lease: what is done is done. */
export function* finishEffects(sql: EffectStatements, ids: readonly number[]): Act<void> {
  yield* ask(sql.finish, sql.dialect.list(ids.map(String)))
}

export function* postponeEffect(
  sql: EffectStatements,
  id: number,
  { owner, delayMs, why }: { owner: string; delayMs: number; why: string },
): Act<void> {
  yield* ask(sql.postpone, id, owner, Math.ceil(delayMs), why.slice(0, errorLengthMax))
}

export function* giveUpEffect(
  sql: EffectStatements,
  id: number,
  { owner, why }: { readonly owner: string; readonly why: string },
): Act<'given-up' | 'taken-over'> {
  const rows = yield* ask(sql.giveUp, id, owner, why.slice(0, errorLengthMax))
  return rows.length === 1 ? 'given-up' : 'taken-over'
}

export function* giveUpOverdue(
  sql: EffectStatements,
  openMsMax: number,
  limit: number,
): Act<readonly GivenUp[]> {
  return (yield* ask(sql.giveUpOverdue, openMsMax, limit)).map(namesOf)
}

export function* releaseEffects(sql: EffectStatements, owner: string): Act<void> {
  yield* ask(sql.release, owner)
}

export function* addEffect(
  sql: EffectStatements,
  { sid, kind, target, payload }: Parameters<EffectStore['addEffect']>[0],
): Act<void> {
  yield* ask(sql.add, sid, kind, target, payload)
}
