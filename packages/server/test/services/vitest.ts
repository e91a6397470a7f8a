/* What a test file asks for: a database of its own on the run's PostgreSQL, dropped with the file. */
import { afterAll, inject } from 'vitest'
import { postgresPrograms } from './binaries.ts'
import type {} from './global-setup.ts'
import { createDatabase, type Database } from './postgres.ts'

/** Call it at the top of a file, in beforeAll or in a test; it is dropped after the file's last test. */
export async function freshDatabase(): Promise<Database> {
  const database = await createDatabase(inject('postgresAdminUrl'))
  fresh.push(database)
  return database
}

/** The folder of pg_dump and psql, found or installed when DATABASE_URL names the server. */
export function postgresProgramsOfRun(): string {
  return inject('postgresPrograms') || postgresPrograms()
}

const fresh: Database[] = []
afterAll(async () => {
  await Promise.all(fresh.splice(0).map((database) => database.drop()))
})
