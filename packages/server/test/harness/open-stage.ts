/* A stage for a test file: its database is one of the run's PostgreSQL and goes with the file. */
import { freshDatabase } from '../services/vitest.ts'
import { postgresStage, type Stage, type StoreKind, sqliteStage } from './stage.ts'

export async function openStage(kind: StoreKind): Promise<Stage> {
  return kind === 'sqlite' ? sqliteStage() : postgresStage((await freshDatabase()).url)
}
