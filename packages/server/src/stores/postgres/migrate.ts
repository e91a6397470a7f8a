import type pg from 'pg'
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
import { postgresDialect } from './dialect.ts'
import { postgresMigrations } from './migrations.ts'
import { drive, say, sendTo } from './wire.ts'

/** Names Curfew's migrations among the advisory locks of the database. */
const advisoryLock = 1_668_511_078
/** A replica that starts waits this long for another one that migrates. */
export const migrationMsMax = 300_000

/**
 * While a step waits for a table that others use, all who come later wait behind it. So it gives up soon;
 * whoever starts the server tries again.
 */
const tableLockMsMax = 1000

/** Takes the steps that are missing, each in a transaction under one lock for all replicas. */
export async function migratePostgres(client: pg.ClientBase): Promise<void> {
  if (await isCurrent(client)) return
  while (await inTransaction(client, () => step(client)));
}

/** Without a lock or a right to create tables: the usual start. */
async function isCurrent(client: pg.ClientBase): Promise<boolean> {
  const table = await say(client, "select to_regclass('schema_compatibility') is null as absent")
  if (String(table.rows[0]?.['absent']) !== 'false') return false
  const { rows } = await say(client, migrationVersion)
  if (pending(postgresMigrations, rows).length > 0) return false
  const head = await say(client, 'select 1 from feed_head where id = 1')
  return head.rows.length === 1
}

async function step(client: pg.ClientBase): Promise<boolean> {
  await say(
    client,
    `set local statement_timeout = ${migrationMsMax};
    set local lock_timeout = ${migrationMsMax}; select pg_advisory_xact_lock(${advisoryLock})`,
  )
  await say(client, migrationTables)
  const { rows } = await say(client, migrationVersion)
  const [next] = pending(postgresMigrations, rows)
  if (next === undefined) {
    await drive(found(historyStatements()), sendTo(client, undefined))
    return false
  }
  await apply(client, next)
  return true
}

async function apply(client: pg.ClientBase, { version, name, text }: Migration): Promise<void> {
  await say(client, `set local lock_timeout = ${tableLockMsMax}; ${text}`)
  await say(client, migrationRecord(postgresDialect(undefined).now), [version, name])
  await say(client, compatibilityRecord, [version, compatibleFrom(postgresMigrations, version)])
}

async function inTransaction<Result>(
  client: pg.ClientBase,
  act: () => Promise<Result>,
): Promise<Result> {
  await say(client, 'begin')
  try {
    const result = await act()
    await say(client, 'commit')
    return result
  } catch (error) {
    // The first error counts; a connection that cannot even roll back is closed by the caller.
    await say(client, 'rollback').catch(() => undefined)
    throw error
  }
}
