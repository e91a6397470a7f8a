/* The outbox as an operator sees it: what waits, what failed, what was given up, and another try. */
import type { EffectCounts, EffectKind, EffectQuery, ListedEffect, RetryChoice } from '#authority'
import type { Instant } from '#domain'
import { type Act, ask, type Param, type Row, type Statement, statement } from '../act.ts'
import type { Dialect } from '../dialect.ts'
import { textOrNull, time, timeOrNull, whole } from '../row.ts'
import { namesOf } from './effects.ts'

export interface OutboxStatements {
  readonly dialect: Dialect
  readonly lists: Readonly<Record<EffectQuery['state'], Statement>>
  readonly retries: Readonly<Record<RetryChoice['by'], Statement>>
  readonly count: Statement
}

const open = 'gave_up_at is null'
const conditions = {
  all: 'true',
  waiting: `${open} and last_error is null`,
  failed: `${open} and last_error is not null`,
  'given-up': 'gave_up_at is not null',
} as const satisfies Record<EffectQuery['state'], string>

export function outboxStatements(dialect: Dialect): OutboxStatements {
  const { now } = dialect
  return {
    dialect,
    lists: {
      all: listOf(now, 'all'),
      waiting: listOf(now, 'waiting'),
      failed: listOf(now, 'failed'),
      'given-up': listOf(now, 'given-up'),
    },
    retries: {
      id: retryOf(now, 'id', `id in (select cast(t.value as bigint) from ${dialect.rowsOf(1)})`),
      target: retryOf(now, 'target', 'target = $1'),
      all: retryOf(now, 'all', 'true'),
    },
    count: statement(
      'count_effects',
      `select kind, sum(case when ${open} then 1 else 0 end) as waiting,
        sum(case when ${open} then 0 else 1 end) as given_up,
        min(case when ${open} then created_at end) as oldest, ${now} as store_now
      from outbox group by kind`,
    ),
  }
}

// The clock comes along even when no row does: hence the outer join.
function listOf(now: string, state: EffectQuery['state']): Statement {
  return statement(
    `list_effects_${state.replace('-', '_')}`,
    `select c.store_now, o.id, o.sid, o.kind, o.target, o.event, o.created_at, o.due_at,
      o.gave_up_at, o.attempts, o.last_error from (select ${now} as store_now) c
    left join (select * from outbox where ${conditions[state]} order by id limit $1) o on true
    order by o.id`,
  )
}

/** What is under way is left alone: its own attempt decides. */
function retryOf(now: string, by: RetryChoice['by'], which: string): Statement {
  return statement(
    `retry_effects_by_${by}`,
    `update outbox set due_at = ${now}, open_since = ${now}, attempts = 0, lease_owner = null,
      gave_up_at = null
    where ${which} and (lease_owner is null or due_at <= ${now}) returning id`,
  )
}

export function* listEffects(
  sql: OutboxStatements,
  { state, limit }: EffectQuery,
): Act<{ readonly effects: readonly ListedEffect[]; now: Instant }> {
  const rows = yield* ask(sql.lists[state], limit)
  const [first] = rows
  if (first === undefined) throw new Error('an outer join answered no row at all')
  const effects = rows.filter((row) => row['id'] !== null).map(listedOf)
  return { effects, now: time(first, 'store_now') }
}

function listedOf(row: Row): ListedEffect {
  const gaveUpAt = timeOrNull(row, 'gave_up_at')
  const lastError = textOrNull(row, 'last_error')
  return {
    ...namesOf(row),
    state: gaveUpAt !== null ? 'given-up' : lastError !== null ? 'failed' : 'waiting',
    createdAt: time(row, 'created_at'),
    dueAt: time(row, 'due_at'),
    gaveUpAt,
    attempts: whole(row, 'attempts'),
    lastError,
  }
}

export function* retryEffects(sql: OutboxStatements, choice: RetryChoice): Act<number> {
  const rows = yield* ask(sql.retries[choice.by], ...valuesOf(sql, choice))
  return rows.length
}

function valuesOf({ dialect }: OutboxStatements, choice: RetryChoice): readonly Param[] {
  if (choice.by === 'id') return [dialect.list(choice.ids.map(String))]
  return choice.by === 'target' ? [choice.target] : []
}

export function* countEffects(sql: OutboxStatements): Act<readonly EffectCounts[]> {
  return (yield* ask(sql.count)).map((row) => {
    const oldest = timeOrNull(row, 'oldest')
    return {
      kind: row['kind'] as EffectKind,
      waiting: whole(row, 'waiting'),
      oldestMs: oldest === null ? null : Math.max(0, time(row, 'store_now') - oldest),
      givenUp: whole(row, 'given_up'),
    }
  })
}
