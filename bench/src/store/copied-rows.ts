/* Rows of `sessions` and `users` made by SQL from one that signed in, in the product's own store. */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import pg from 'pg'
import type { SessionId } from '../../../packages/server/src/domain/index.ts'
import { cloneText } from './raw-row.ts'

export interface CopiedRows {
  /** Any session that lives: the first one, unless there are copies already. */
  template(): Promise<SessionId>
  /** They were used just now: the next use has nothing to write about that. */
  copy(sids: readonly SessionId[], template: SessionId): Promise<void>
  remove(sids: readonly SessionId[]): Promise<void>
  /** What the engine would do by itself some time later, when it would be in the way. */
  settle(): Promise<void>
  close(): Promise<void>
}

const first = 'select sid from sessions where revoked_at is null order by sid limit 1'

/** `store` as the configuration names it. */
export function openCopiedRows(store: string): CopiedRows {
  const path = /^sqlite:(.+)$/.exec(store)?.[1]
  return path === undefined ? onPostgres(store) : onSqlite(path)
}

function onPostgres(url: string): CopiedRows {
  const pool = new pg.Pool({ connectionString: url, max: 1, idleTimeoutMillis: 0 })
  // Idle connections hear of the server's stop before they are closed.
  pool.on('error', () => undefined)
  const list = 'select unnest(cast($1 as text[])) as sid'
  const run = async (text: string, ...values: readonly unknown[]) => {
    const { rows } = await pool.query<Record<string, unknown>>(text, [...values])
    return rows
  }
  return {
    template: async () => sidOf(await run(first)),
    copy: async (sids, template) => {
      const found = await run(
        `select attname as name from pg_attribute
          where attrelid = 'sessions'::regclass and attnum > 0 and not attisdropped`,
      )
      await run(sessionsText(found, list), sids, template, Date.now())
      await run(usersText(list), sids)
    },
    remove: async (sids) => void (await run(removeText(list), sids)),
    settle: async () => void (await run('vacuum analyze')),
    close: () => pool.end(),
  }
}

function onSqlite(path: string): CopiedRows {
  const database = new DatabaseSync(path, { timeout: 10_000 })
  const list = 'select value as sid from json_each($1)'
  const run = (text: string, ...values: readonly SQLInputValue[]) => {
    const bound = Object.fromEntries(values.map((value, index) => [index + 1, value]))
    return database.prepare(text).all(bound)
  }
  return {
    template: async () => sidOf(run(first)),
    copy: async (sids, template) => {
      const found = run(`select name from pragma_table_info('sessions')`)
      const all = JSON.stringify(sids)
      run(sessionsText(found, list), all, template, Date.now())
      run(usersText(list), all)
    },
    remove: async (sids) => void run(removeText(list), JSON.stringify(sids)),
    settle: async () => database.exec('analyze; pragma wal_checkpoint(truncate)'),
    close: async () => database.close(),
  }
}

function sidOf([row]: readonly Readonly<Record<string, unknown>>[]): SessionId {
  if (row === undefined) throw new Error('nobody has signed in')
  return String(row['sid']) as SessionId
}

function sessionsText(columns: readonly Readonly<Record<string, unknown>>[], list: string): string {
  const names = columns.map(({ name }) => String(name))
  return cloneText({
    ...{ from: 'sessions', to: 'sessions', columns: names, list, template: '$2' },
    values: { last_seen_at: '$3' },
  })
}

function usersText(list: string): string {
  return `insert into users (uid, fence) select 'user-' || l.sid, 0 from (${list}) l`
}

function removeText(list: string): string {
  return `delete from sessions where sid in (${list})`
}
