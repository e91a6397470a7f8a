import pg from 'pg'
import { familyOf } from '../measure/processor-time.ts'
import { postmasterOf } from '../store/postmaster.ts'

/** All processes of the PostgreSQL behind this database, as they come and go. */
export async function databasePidsOf(url: string): Promise<() => readonly number[]> {
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  const postmaster = await postmasterOf(pool)
  await pool.end()
  return () => (postmaster === undefined ? [] : familyOf(postmaster))
}
