/* A PostgreSQL of the test's own, which may be crashed, as a stage for servers. */
import { openStage, type Stage } from '#test/harness/index.ts'
import { type Postgres, startPostgres } from '#test/services/index.ts'

/** Servers store there; what a stage does by hand is for stores that stay up, and not for this one. */
export type OwnStage = Stage & { readonly postgres: Postgres; stop(): Promise<void> }

export async function ownPostgres(): Promise<OwnStage> {
  const stage = await openStage('postgres')
  const postgres = await startPostgres({ own: true })
  const { url } = await postgres.createDatabase()
  return { ...stage, storeUrl: url, postgres, stop: () => postgres.stop() }
}
