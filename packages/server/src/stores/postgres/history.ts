import pg from 'pg'
import { historyStatements, noteHistory } from '../epoch.ts'
import { drive, say, sendTo } from './wire.ts'

const database = '(select oid from pg_database where datname = current_database())'
const whole = `select concat_ws('/', (select system_identifier from pg_control_system()), ${database},
  substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)) as history`
const part = `select ${database} as history`

/**
 * Which history this database goes on in: the cluster, the database in it, and the timeline, which
 * PostgreSQL counts up when a standby is promoted or a backup is recovered. An ordinary role may ask;
 * where a provider forbids it, the database's own number must do, and `curfew recover` is needed.
 */
async function historyOf(client: pg.ClientBase): Promise<string> {
  const { rows } = await say(client, whole).catch((error: unknown) => {
    if (error instanceof pg.DatabaseError) return say(client, part)
    throw error
  })
  return String(rows[0]?.['history'])
}

/** Renews the epoch if this database goes on in another history than the one that it noted (rule 7). */
export async function followHistory(client: pg.ClientBase): Promise<void> {
  const history = await historyOf(client)
  await drive(noteHistory(historyStatements(), history), sendTo(client, undefined))
}
