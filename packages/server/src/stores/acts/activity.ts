/* How much happened, by the minute: a small table to which every process adds. */
import type { ActivityCount, ActivityKind, ActivityPage, ActivityQuery } from '#authority'
import { instant } from '#domain'
import { type Act, ask, type Statement, statement } from '../act.ts'
import type { Dialect } from '../dialect.ts'
import { text, whole } from '../row.ts'

const minuteMs = 60_000
/** One week is shown, by the hour. */
const keptMinutes = 8 * 24 * 60

export interface ActivityStatements {
  readonly dialect: Dialect
  readonly adds: Map<number, Statement>
  readonly read: Statement
}

export function activityStatements(dialect: Dialect): ActivityStatements {
  const first = `${minuteOf(dialect)} / cast($1 as bigint) - cast($2 as bigint) + 1`
  return {
    dialect,
    adds: new Map(),
    // The clock comes along even when nothing happened: hence the outer join.
    read: statement(
      'activity',
      `select c.first, a.step, a.kind, a.detail, a.count from (select ${first} as first) c
      left join (
        select minute / cast($1 as bigint) as step, kind, detail,
          cast(sum(count) as bigint) as count
        from activity where minute >= (${first}) * cast($1 as bigint)
        group by minute / cast($1 as bigint), kind, detail
      ) a on true order by a.step, a.kind, a.detail`,
    ),
  }
}

function minuteOf({ now }: Pick<Dialect, 'now'>): string {
  return `(${now} / ${minuteMs})`
}

/** One statement; rows in the order of their key, so that two processes never wait for each other. */
export function* addActivity(sql: ActivityStatements, counts: readonly ActivityCount[]): Act<void> {
  if (counts.length === 0) return
  const ordered = counts.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  const values = ordered.flatMap(({ kind, detail, count }) => [kind, detail, count])
  yield* ask(addOf(sql, counts.length), ...values)
}

function keyOf({ kind, detail }: ActivityCount): string {
  return `${kind} ${detail}`
}

function addOf({ dialect, adds }: ActivityStatements, rows: number): Statement {
  let add = adds.get(rows)
  if (add === undefined) {
    const minute = minuteOf(dialect)
    const tuples = Array.from({ length: rows }, (_, row) => {
      const at = 3 * row
      return `(${minute}, $${at + 1}, $${at + 2}, $${at + 3})`
    })
    add = statement(
      `add_activity_${rows}`,
      `insert into activity (minute, kind, detail, count) values ${tuples.join(', ')}
      on conflict (minute, kind, detail) do update set count = activity.count + excluded.count`,
    )
    adds.set(rows, add)
  }
  return add
}

export function* readActivity(sql: ActivityStatements, query: ActivityQuery): Act<ActivityPage> {
  const rows = yield* ask(sql.read, query.stepMinutes, query.steps)
  const [head] = rows
  if (head === undefined) throw new Error('an outer join answered no row at all')
  const at = (step: number) => instant(step * query.stepMinutes * minuteMs)
  const counts = rows
    .filter((row) => row['step'] !== null)
    .map((row) => ({
      at: at(whole(row, 'step')),
      kind: text(row, 'kind') as ActivityKind,
      detail: text(row, 'detail'),
      count: whole(row, 'count'),
    }))
  return { from: at(whole(head, 'first')), counts }
}

/** What is older than anybody is shown. */
export function pruneActivityStatement(dialect: Pick<Dialect, 'now'>): Statement {
  return statement(
    'prune_activity',
    `delete from activity where minute < ${minuteOf(dialect)} - ${keptMinutes}`,
  )
}
