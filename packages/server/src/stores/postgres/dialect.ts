import { type EndOrder, noEffects, type RecordedEnd, toldOf } from '#authority'
import { type Act, ask, type Statement, statement } from '../act.ts'
import { type ClockOffset, clockExpression } from '../clock.ts'
import type { Dialect } from '../dialect.ts'
import { recordedColumns, toRecorded } from '../recorded.ts'

const engineClock = '(extract(epoch from clock_timestamp()) * 1000)::bigint'

export function postgresDialect(offset: ClockOffset | undefined, effects = noEffects): Dialect {
  const now = clockExpression(engineClock, offset)
  const end = endStatement(now)
  const told = toldOf(effects, 'session.ended')
  return {
    now,
    effects,
    forUpdate: ' for update',
    skipLocked: ' for update of o skip locked',
    greatest: 'greatest',
    least: 'least',
    inList: (n) => `= any(cast($${n} as text[]))`,
    rowsOf: (n) => `unnest(cast($${n} as text[])) as t(value)`,
    list: (values) => values,
    endRows: (orders) => endRows(end, orders, told),
  }
}

/**
 * One statement, hence one round trip and, outside of a transaction, one commit. Its parts depend on
 * each other in the order of the locks: `locked` takes the sessions in order of sid, `head` waits for
 * the count of them and is the last lock; what follows touches rows that are locked already. A row that
 * was changed while we waited is judged anew as it then is (READ COMMITTED). `at` never falls behind
 * an earlier end, whatever the machine's clock does, so it rises with seq (rule 38).
 */
function endStatement(now: string): Statement {
  const returned = recordedColumns.map((column) => `s.${column}`).join(', ')
  return statement(
    'end',
    `with orders as (
      select * from unnest(cast($1 as text[]), cast($2 as text[]), cast($3 as text[]),
        cast($4 as text[])) as o(sid, reason, actor, guard)
    ), locked as (
      select s.sid, o.reason, o.actor from sessions s join orders o on o.sid = s.sid
      -- The list again, so that a database without statistics looks the sessions up by their key.
      where s.sid = any(cast($1 as text[])) and s.revoked_at is null
        and (o.guard = 'live' or least(s.absolute_expires_at, s.idle_expires_at) <= ${now})
      order by s.sid for update of s
    ), counted as (
      select count(*) as n from locked
    ), head as (
      update feed_head h set seq = h.seq + c.n, at = greatest(h.at, ${now})
      from counted c where h.id = 1 and c.n > 0 returning h.seq - c.n as base, h.at, h.epoch
    ), numbered as (
      select sid, reason, actor, row_number() over (order by sid) as place from locked
    ), ended as (
      update sessions s set version = s.version + 1, revoked_at = h.at, revoked_reason = n.reason,
        revoked_by_user_id = n.actor, feed_seq = h.base + n.place
      from numbered n, head h where s.sid = n.sid
      returning ${returned}, h.epoch
    ), told as (
      insert into feed (seq, sid, jti, exp, at)
      select feed_seq, sid, newest_jti, latest_exp, revoked_at from ended
    ), effects as (
      insert into outbox (sid, kind, target, event, created_at, open_since, due_at)
      select sid, kind, target, 'session.ended', ${now}, ${now}, ${now} from (
        select sid, 'provider_revocation' as kind, provider_id as target from ended
        where provider_id is not null
        union all select sid, 'webhook', t.value from ended, unnest(cast($5 as text[])) as t(value)
      ) e
    )
    select ${recordedColumns.join(', ')}, epoch from ended order by feed_seq`,
  )
}

function* endRows(
  end: Statement,
  orders: readonly EndOrder[],
  told: readonly string[],
): Act<readonly RecordedEnd[]> {
  const rows = yield* ask(
    end,
    orders.map(({ sid }) => sid),
    orders.map(({ reason }) => reason),
    orders.map(({ by }) => by),
    orders.map(({ guard }) => guard),
    told,
  )
  return rows.map((row) => toRecorded(row, told.length > 0))
}
