/* The row that the raw statements write: the session's columns, without any of the session's rules. */
import type { SessionId } from '../../../packages/server/src/domain/index.ts'

export type Value = string | number | null
export type RawRow = Readonly<Record<string, Value>>

/**
 * The limit that the store is measured against: one statement on one row, by its key, committed by
 * itself, through the same driver, in a table with the columns and the indexes of `sessions`.
 */
export interface RawTable {
  insert(sid: SessionId): Promise<void>
  /** The columns that a refresh writes. */
  update(sid: SessionId): Promise<void>
  /** The columns that an end writes; no feed, no proof that it was the first. */
  revoke(sid: SessionId): Promise<void>
}

/** What a refresh writes (swap of life, access and rotation), beside the version. */
const refreshColumns = [
  'last_seen_at',
  'idle_expires_at',
  'generation',
  'rotated_at',
  'refresh_key_id',
  'dpop_thumbprint',
  ...['jti', 'iat', 'exp', 'kid', 'grants_version'].map((name) => `rotation_${name}`),
  ...['jti', 'iat', 'exp', 'kid', 'grants_version'].map((name) => `newest_${name}`),
  'latest_exp',
]

export const rawTableName = 'bench_raw'

/** `$1` is the sid, the columns follow in their order. */
export const updateText = `update ${rawTableName} set version = version + 1, ${refreshColumns
  .map((column, index) => `${column} = $${index + 2}`)
  .join(', ')} where sid = $1`

export const revokeText = `update ${rawTableName} set version = version + 1, revoked_at = $2,
  revoked_reason = $3, revoked_by_user_id = $4, feed_seq = $5 where sid = $1 and revoked_at is null`

export function insertText(template: RawRow): string {
  const columns = Object.keys(template)
  const marks = columns.map((_, index) => `$${index + 1}`)
  return `insert into ${rawTableName} (${columns.join(', ')}) values (${marks.join(', ')})`
}

/** The template's values under another sid, of a user of its own. */
export function insertValues(template: RawRow, sid: SessionId): readonly Value[] {
  const own: Readonly<Record<string, Value>> = { sid, uid: `user-${sid}` }
  return Object.keys(template).map((column) => own[column] ?? template[column] ?? null)
}

/** As different from what stands there as a refresh's values are. */
export function updateValues(template: RawRow, sid: SessionId, turn: number): readonly Value[] {
  const values = refreshColumns.map((column) => {
    const value = template[column] ?? null
    return /_at$|_exp$|_iat$|^generation$/.test(column) ? Number(value) + turn : value
  })
  return [sid, ...values]
}

export function revokeValues(sid: SessionId, turn: number): readonly Value[] {
  return [sid, Date.now(), 'user_logout', `user-${sid}`, turn]
}

/**
 * Copies of one row of `from` in `to` for every id of `list`, a query with the one column `sid`. `values`:
 * what columns get instead of the copied value, in SQL.
 */
export function cloneText(order: {
  readonly from: string
  readonly to: string
  readonly columns: readonly string[]
  readonly list: string
  readonly template: string
  readonly values?: Readonly<Record<string, string>>
}): string {
  const copied = order.columns.map((column) => {
    if (column === 'sid') return 'l.sid'
    if (column === 'uid') return `'user-' || l.sid`
    return order.values?.[column] ?? `t.${column}`
  })
  return `insert into ${order.to} (${order.columns.join(', ')}) select ${copied.join(', ')}
    from ${order.from} t cross join (${order.list}) l where t.sid = ${order.template}`
}
