/* One PostgreSQL for a whole run of Vitest, whichever projects it has; the last one to leave stops it. */
import type { TestProject } from 'vitest/node'
import { type Postgres, startPostgres } from './postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgresAdminUrl: string
    postgresPrograms: string
  }
}

type Shared = { users: number; readonly server: Promise<Postgres> }

// Each project loads this file on its own; what they share must hang on something global.
const shelf: { curfewPostgres?: Shared } = Object.assign(globalThis)

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  shelf.curfewPostgres ??= { users: 0, server: startPostgres() }
  const shared = shelf.curfewPostgres
  shared.users++
  const server = await shared.server
  project.provide('postgresAdminUrl', server.adminUrl)
  project.provide('postgresPrograms', server.programs ?? '')
  return async () => {
    shared.users--
    if (shared.users > 0) return
    delete shelf.curfewPostgres
    await server.stop()
  }
}
