/* A PostgreSQL of the test's own, which may be crashed, as a stage for servers. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Stage } from '#test/harness/index.ts'
import { type Postgres, startPostgres, tempFolder } from '#test/services/index.ts'

export type OwnStage = Stage & { readonly postgres: Postgres; stop(): Promise<void> }

export async function ownPostgres(): Promise<OwnStage> {
  const postgres = await startPostgres({ own: true })
  const { url } = await postgres.createDatabase()
  const folder = tempFolder('curfew-races-')
  const clockFile = join(folder.path, 'clock')
  writeFileSync(clockFile, '0')
  return {
    kind: 'postgres',
    folder: folder.path,
    storeUrl: url,
    clockFile,
    postgres,
    dump: notHere,
    rows: notHere,
    execute: notHere,
    remove: () => folder.remove(),
    stop: () => postgres.stop(),
  }
}

function notHere(): Promise<never> {
  return Promise.reject(new Error('a store that is crashed is only asked through the product'))
}
