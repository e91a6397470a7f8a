import type { AuditAction, AuditEntry, AuditQuery, AuditRow } from '#authority'
import { type Act, ask, type Param, type Row, type Statement, statement } from '../act.ts'
import type { Dialect } from '../dialect.ts'
import { text, textOrNull, time, whole } from '../row.ts'

export interface AuditStatements {
  readonly add: Statement
  readonly lists: Map<string, Statement>
}

export function auditStatements({ now }: Pick<Dialect, 'now'>): AuditStatements {
  return {
    add: statement(
      'add_audit',
      `insert into audit (at, actor, action, target, detail) values (${now}, $1, $2, $3, $4)`,
    ),
    lists: new Map(),
  }
}

export function pruneAuditStatement({ now }: Pick<Dialect, 'now'>): Statement {
  return statement(
    'prune_audit',
    `delete from audit where id in (
      select id from audit where at < ${now} - $1 order by at limit $2
    ) returning id`,
  )
}

export function* addAudit(sql: Pick<AuditStatements, 'add'>, entry: AuditEntry): Act<void> {
  const { actor, action, target, detail } = entry
  yield* ask(sql.add, actor, action, target, JSON.stringify(detail))
}

/** Newest first. */
export function* listAudit(
  sql: AuditStatements,
  { actor, action, target, before, limit }: AuditQuery,
): Act<{ readonly rows: readonly AuditRow[]; readonly more: boolean }> {
  const given: readonly (readonly [string, Param])[] = [
    ['actor =', actor],
    ['action =', action],
    ['target =', target],
    ['id <', before],
  ]
  const wanted = given.filter(([, value]) => value !== null)
  const values = wanted.map(([, value]) => value)
  const rows = yield* ask(
    listOf(
      sql,
      wanted.map(([condition]) => condition),
    ),
    limit + 1,
    ...values,
  )
  return { rows: rows.slice(0, limit).map(rowOf), more: rows.length > limit }
}

function listOf({ lists }: AuditStatements, conditions: readonly string[]): Statement {
  const key = conditions.join(' ')
  let list = lists.get(key)
  if (list === undefined) {
    const where = conditions.map((condition, index) => `${condition} $${index + 2}`).join(' and ')
    list = statement(
      `list_audit_${lists.size}`,
      `select id, at, actor, action, target, detail from audit
      ${where === '' ? '' : `where ${where}`} order by id desc limit $1`,
    )
    lists.set(key, list)
  }
  return list
}

function rowOf(row: Row): AuditRow {
  return {
    id: whole(row, 'id'),
    at: time(row, 'at'),
    actor: text(row, 'actor'),
    action: text(row, 'action') as AuditAction,
    target: textOrNull(row, 'target'),
    detail: JSON.parse(text(row, 'detail')) as AuditRow['detail'],
  }
}
