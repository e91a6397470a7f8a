import { type EndOrder, noEffects, type RecordedEnd, toldOf } from '#authority'
import { type Act, ask, askOne, type Statement, statement } from '../act.ts'
import { type ClockOffset, clockExpression } from '../clock.ts'
import type { Dialect } from '../dialect.ts'
import { recordedColumns, toRecorded } from '../recorded.ts'
import { text, time, whole } from '../row.ts'

// Rounded: the product is a float that may lie a hair below the millisecond.
const engineClock = `cast(round(unixepoch('subsec') * 1000) as integer)`

export function sqliteDialect(offset: ClockOffset | undefined, effects = noEffects): Dialect {
  const now = clockExpression(engineClock, offset)
  const sql = endTexts(now)
  const told = toldOf(effects, 'session.ended')
  return {
    now,
    effects,
    // The transaction holds the file's only write lock from its beginning.
    forUpdate: '',
    skipLocked: '',
    greatest: 'max',
    least: 'min',
    inList: (n) => `in (select value from json_each($${n}))`,
    rowsOf: (n) => `json_each($${n}) as t`,
    list: (values) => JSON.stringify(values),
    endRows: (orders) => endRows(sql, orders, told),
  }
}

interface EndTexts {
  readonly open: Statement
  readonly head: Statement
  readonly end: Statement
  readonly tell: Statement
  readonly effects: Statement
}

function endTexts(now: string): EndTexts {
  return {
    open: statement(
      'end_open',
      `select sid from sessions where sid = $1 and revoked_at is null
      and ($2 = 'live' or min(absolute_expires_at, idle_expires_at) <= ${now})`,
    ),
    head: statement(
      'end_head',
      `update feed_head set seq = seq + $1, at = max(at, ${now}) where id = 1 returning seq, at, epoch`,
    ),
    end: statement(
      'end_session',
      `update sessions set version = version + 1, revoked_at = $2, revoked_reason = $3,
        revoked_by_user_id = $4, feed_seq = $5
      where sid = $1 and revoked_at is null returning ${recordedColumns.join(', ')}`,
    ),
    tell: statement(
      'end_tell',
      'insert into feed (seq, sid, jti, exp, at) values ($1, $2, $3, $4, $5)',
    ),
    effects: statement(
      'end_effects',
      `insert into outbox (sid, kind, target, event, created_at, open_since, due_at)
      select sid, kind, target, 'session.ended', ${now}, ${now}, ${now} from (
        select sid, 'provider_revocation' as kind, provider_id as target from sessions
        where sid in (select value from json_each($1)) and provider_id is not null
        union all select s.value, 'webhook', t.value from json_each($1) s, json_each($2) t
      )`,
    ),
  }
}

function* endRows(
  sql: EndTexts,
  orders: readonly EndOrder[],
  told: readonly string[],
): Act<readonly RecordedEnd[]> {
  const open: EndOrder[] = []
  for (const order of orders.toSorted((a, b) => (a.sid < b.sid ? -1 : 1))) {
    const rows = yield* ask(sql.open, order.sid, order.guard)
    if (rows.length > 0) open.push(order)
  }
  if (open.length === 0) return []
  const head = yield* askOne(sql.head, open.length)
  const at = time(head, 'at')
  const first = whole(head, 'seq') - open.length + 1
  const ended: RecordedEnd[] = []
  for (const [index, { sid, reason, by }] of open.entries()) {
    const row = yield* askOne(sql.end, sid, at, reason, by, first + index)
    const recorded = toRecorded({ ...row, epoch: text(head, 'epoch') }, told.length > 0)
    yield* ask(sql.tell, first + index, sid, recorded.jti, recorded.exp, at)
    ended.push(recorded)
  }
  const sids = ended.filter(({ effects }) => effects).map(({ sid }) => sid)
  if (sids.length > 0) yield* ask(sql.effects, JSON.stringify(sids), JSON.stringify(told))
  return ended
}
