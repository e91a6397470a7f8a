import type pg from 'pg'
import type { Row } from '../act.ts'

/**
 * Which history this database goes on in: the cluster, the database in it, and the timeline, which
 * PostgreSQL counts up when a standby is promoted or a backup is recovered. No superuser is needed.
 */
export async function historyOf(client: pg.ClientBase): Promise<string> {
  const { rows } = await client.query<Row>(
    `select concat_ws('/', (select system_identifier from pg_control_system()),
      (select oid from pg_database where datname = current_database()),
      substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)) as history`,
  )
  return String(rows[0]?.['history'])
}
