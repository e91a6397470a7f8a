import type { DatabaseSync } from 'node:sqlite'
import type { Query, Row, Value } from '../act.ts'
import { found, historyStatements } from '../epoch.ts'
import {
  compatibilityRecord,
  compatibleFrom,
  type Migration,
  migrationRecord,
  migrationTables,
  migrationVersion,
  pending,
} from '../migration.ts'
import { sqliteDialect } from './dialect.ts'
import { sqliteMigrations } from './migrations.ts'

/** Takes the steps that are missing, each in a transaction that holds the file's write lock. */
export function migrateSqlite(db: DatabaseSync): void {
  while (inTransaction(db, () => step(db)));
}

function step(db: DatabaseSync): boolean {
  db.exec(migrationTables)
  const rows = db.prepare(migrationVersion).all() as unknown as readonly Row[]
  const [next] = pending(sqliteMigrations, rows)
  if (next === undefined) {
    const act = found(historyStatements())
    for (let query = act.next(); !query.done; query = act.next([])) run(db, query.value)
    return false
  }
  apply(db, next)
  return true
}

function apply(db: DatabaseSync, { version, name, text }: Migration): void {
  db.exec(text)
  const record = migrationRecord(sqliteDialect(undefined).now)
  db.prepare(placed(record)).run(version, name)
  db.prepare(placed(compatibilityRecord)).run(version, compatibleFrom(sqliteMigrations, version))
}

/** `$1` would be a name here; `?1` is the place that the driver binds by. */
function placed(text: string): string {
  return text.replaceAll(/\$(\d+)/g, '?$1')
}

function run(db: DatabaseSync, { statement, values }: Query): void {
  db.prepare(placed(statement.text)).run(...(values as readonly Value[]))
}

function inTransaction<Result>(db: DatabaseSync, act: () => Result): Result {
  db.exec('begin immediate')
  try {
    const result = act()
    db.exec('commit')
    return result
  } catch (error) {
    if (db.isTransaction) db.exec('rollback')
    throw error
  }
}
