import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { SessionId } from '../../../packages/server/src/domain/index.ts'
import { openStore } from '../../../packages/server/src/stores/index.ts'
import type { Engine } from './engine.ts'
import {
  cloneText,
  insertText,
  insertValues,
  type RawRow,
  type RawTable,
  rawTableName,
  revokeText,
  revokeValues,
  updateText,
  updateValues,
  type Value,
} from './raw-row.ts'

const list = 'select value as sid from json_each($1)'

/** The raw table has a file of its own: the product's is its alone. */
export async function openSqlite(folder: string): Promise<Engine> {
  const file = join(folder, 'store.db')
  const store = await openStore({ kind: 'sqlite', path: file })
  const database = new DatabaseSync(join(folder, 'raw.db'))
  database.exec('pragma journal_mode = wal; pragma synchronous = full')
  const raw = rawTable(database)
  return {
    kind: 'sqlite',
    description: 'SQLite: journal_mode wal, synchronous full',
    store,
    raw,
    prepare: async (sid) => raw.prepare(makeRawTable(database, file, sid)),
    multiply: async (sid, sids) => multiply(database, file, sid, sids),
    databasePids: () => [],
    close: async () => {
      database.close()
      await store.close()
    },
  }
}

/** The product's own table and indexes under another name; its triggers stay behind. */
function makeRawTable(database: DatabaseSync, file: string, sid: SessionId): RawRow {
  const product = new DatabaseSync(file, { readOnly: true })
  const parts = product
    .prepare(
      `select sql from sqlite_schema where tbl_name = 'sessions' and type in ('table', 'index')
       and sql is not null order by type desc`,
    )
    .all()
  for (const { sql } of parts) {
    database.exec(String(sql).replaceAll(/\bsessions(?=\b|_)/g, rawTableName))
  }
  const row = product.prepare('select * from sessions where sid = ?').get(sid)
  product.close()
  if (row === undefined) throw new Error('the template session is not in the store')
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)]))
}

function plain(value: unknown): Value {
  return typeof value === 'string' || typeof value === 'number' ? value : null
}

function multiply(
  database: DatabaseSync,
  file: string,
  sid: SessionId,
  sids: readonly SessionId[],
): void {
  const product = new DatabaseSync(file)
  product.exec('pragma synchronous = full')
  const found = product.prepare('select * from sessions where sid = ?').get(sid) ?? {}
  const columns = Object.keys(found)
  const into = (to: string) => cloneText({ from: 'sessions', to, columns, list, template: '$2' })
  product.prepare(into('sessions')).run({ 1: JSON.stringify(sids), 2: sid })
  product.close()
  database.exec(`attach '${file}' as product`)
  database
    .prepare(into(`main.${rawTableName}`).replace('from sessions', 'from product.sessions'))
    .run({ 1: JSON.stringify(sids), 2: sid })
  database.exec('detach product')
}

function rawTable(database: DatabaseSync): RawTable & { prepare(row: RawRow): void } {
  let template: RawRow = {}
  let turn = 0
  let statements: Record<'insert' | 'update' | 'revoke', StatementSync> | undefined
  async function run(name: 'insert' | 'update' | 'revoke', values: readonly Value[]) {
    const bound = Object.fromEntries(values.map((value, index) => [index + 1, value]))
    const changes = statements?.[name].run(bound).changes
    if (changes !== 1) throw new Error(`raw ${name} met ${String(changes)} rows`)
  }
  return {
    prepare: (row) => {
      template = row
      statements = {
        insert: database.prepare(insertText(row)),
        update: database.prepare(updateText),
        revoke: database.prepare(revokeText),
      }
    },
    insert: (sid) => run('insert', insertValues(template, sid)),
    update: (sid) => run('update', updateValues(template, sid, ++turn)),
    revoke: (sid) => run('revoke', revokeValues(sid, ++turn)),
  }
}
