/*
 * Programs of two versions share a database while replicas are replaced, and after a roll back. So a step
 * only adds; what it makes unused is taken away one release later, by a step that says so:
 *
 *   version 7   adds a column that the program of version 7 writes and reads     programs from 1 on live with it
 *   version 8   drops the column that version 7 has replaced                     compatibleFrom: 7
 *
 * CONTRIBUTING.md has the rule for whoever writes a step, docs/guides/operations.md what comes of it.
 */
import type { Row } from './act.ts'
import { whole } from './row.ts'

/** One forward step of a schema. Once released it is never changed: the next step mends it. */
export interface Migration {
  readonly version: number
  readonly name: string
  readonly text: string
  /**
   * The oldest version whose programs can live with the schema after this step, for one that takes away
   * or forbids something. Absent: all that could before.
   */
  readonly compatibleFrom?: number
}

/** The database was migrated by a newer Curfew, and this one cannot live with it. */
export class StoreTooNew extends Error {
  readonly code = 'store_too_new'

  constructor(found: number, needed: number | null, known: number) {
    const least = needed === null ? 'a newer curfew' : `a curfew that knows version ${needed}`
    super(
      `the store has schema version ${found}, which takes ${least}; this one knows ${known}: ` +
        'start the newer version again, or restore the backup made before it was first started',
    )
  }
}

/** Two tables, so that a database from before the second one is the same as any other. */
export const migrationTables = `create table if not exists schema_migrations (
  version integer not null primary key,
  name text not null,
  applied_at bigint not null
);
create table if not exists schema_compatibility (
  version integer not null primary key,
  compatible_from integer not null
)`

/** `$1` version, `$2` name; the clock is the engine's own. */
export function migrationRecord(now: string): string {
  return `insert into schema_migrations (version, name, applied_at) values ($1, $2, ${now})`
}

/** `$1` version, `$2` the oldest version that can live with it. */
export const compatibilityRecord =
  'insert into schema_compatibility (version, compatible_from) values ($1, $2)'

export const migrationVersion = `select m.version, c.compatible_from
  from (select coalesce(max(version), 0) as version from schema_migrations) m
  left join schema_compatibility c on c.version = m.version`

/** The steps still to take; none on a newer schema that this program can live with. @throws StoreTooNew */
export function pending(known: readonly Migration[], rows: readonly Row[]): readonly Migration[] {
  const [row] = rows
  const applied = row === undefined ? 0 : whole(row, 'version')
  const newest = known.at(-1)?.version ?? 0
  if (applied > newest) {
    const needed = neededBy(row)
    if (needed === null || needed > newest) throw new StoreTooNew(applied, needed, newest)
  }
  return known.filter(({ version }) => version > applied)
}

/** Null: nobody has said who can live with it. */
function neededBy(row: Row | undefined): number | null {
  return row === undefined || row['compatible_from'] === null ? null : whole(row, 'compatible_from')
}

/** The oldest version that can live with the schema once `version` is reached. */
export function compatibleFrom(known: readonly Migration[], version: number): number {
  const taken = known.filter((step) => step.version <= version)
  return Math.max(1, ...taken.map((step) => step.compatibleFrom ?? 1))
}
