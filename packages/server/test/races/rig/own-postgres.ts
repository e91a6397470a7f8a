/* A PostgreSQL of the test's own, which may be crashed, as a stage for servers. */
import { postgresStage, type Stage } from '#test/harness/stage.ts'
import { type Postgres, startPostgres } from '#test/services/index.ts'

export type OwnStage = Stage & { readonly postgres: Postgres; stop(): Promise<void> }

export async function ownPostgres(): Promise<OwnStage> {
  const postgres = await startPostgres({ own: true })
  const { url } = await postgres.createDatabase()
  return { ...postgresStage(url), postgres, stop: () => postgres.stop() }
}
