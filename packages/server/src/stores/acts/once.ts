import type { Instant } from '#domain'
import { type Act, ask, type Statement, statement } from '../act.ts'
import type { Dialect } from '../dialect.ts'

export interface OnceStatements {
  readonly once: Statement
}

export function onceStatements({ now }: Dialect): OnceStatements {
  return {
    once: statement(
      'once',
      `insert into once (kind, id, expires_at) values ($1, $2, $3)
      on conflict (kind, id) do update set expires_at = excluded.expires_at
      where once.expires_at <= ${now} returning kind`,
    ),
  }
}

/** One statement decides who was first; an entry that has expired counts as never seen. */
export function* useOnce(
  sql: OnceStatements,
  used: { readonly kind: string; readonly id: string; readonly expiresAt: Instant },
): Act<boolean> {
  const rows = yield* ask(sql.once, used.kind, used.id, used.expiresAt)
  return rows.length === 1
}
