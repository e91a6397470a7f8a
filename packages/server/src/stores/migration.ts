import type { Row } from './act.ts'
import { whole } from './row.ts'

/** One forward step of a schema. Once released it is never changed: the next step mends it. */
export interface Migration {
  readonly version: number
  readonly name: string
  readonly text: string
}

/** The database was migrated by a newer Curfew. */
export class StoreTooNew extends Error {
  readonly code = 'store_too_new'

  constructor(found: number, known: number) {
    super(
      `the store has schema version ${found}, this curfew knows ${known}: ` +
        'start the newer version again, or restore the backup made before it was first started',
    )
  }
}

export const migrationTable = `create table if not exists schema_migrations (
  version integer not null primary key,
  name text not null,
  applied_at bigint not null
)`

/** `$1` version, `$2` name; the clock is the engine's own. */
export function migrationRecord(now: string): string {
  return `insert into schema_migrations (version, name, applied_at) values ($1, $2, ${now})`
}

export const migrationVersion = 'select coalesce(max(version), 0) as version from schema_migrations'

/** The steps still to take. @throws StoreTooNew */
export function pending(known: readonly Migration[], rows: readonly Row[]): readonly Migration[] {
  const [row] = rows
  const applied = row === undefined ? 0 : whole(row, 'version')
  const newest = known.at(-1)?.version ?? 0
  if (applied > newest) throw new StoreTooNew(applied, newest)
  return known.filter(({ version }) => version > applied)
}
