import type pg from 'pg'
import { parentOf } from '../measure/processor-time.ts'

/** The parent of all of the server's processes; undefined when it runs on another machine. */
export async function postmasterOf(pool: pg.Pool): Promise<number | undefined> {
  const { rows } = await pool.query<{ pid: number; address: string | null }>(
    'select pg_backend_pid() as pid, host(inet_server_addr()) as address',
  )
  const [row] = rows
  const local = row?.address === '127.0.0.1' || row?.address === '::1'
  return row !== undefined && local ? parentOf(row.pid) : undefined
}
