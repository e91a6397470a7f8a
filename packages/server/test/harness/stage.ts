/* Where servers of one test play: a store of their own, a folder, a clock that can be shifted. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { tempFolder } from '../services/index.ts'
import type { JsonObject } from './json.ts'

export const stores = ['sqlite', 'postgres'] as const
export type StoreKind = (typeof stores)[number]

export type Stage = {
  readonly kind: StoreKind
  readonly folder: string
  /** As the configuration names it. */
  readonly storeUrl: string
  readonly clockFile: string
  /** Everything that the store holds, in every form in which a secret could stand there. */
  dump(): Promise<string>
  /** Every row of every table as a line that begins with the table's name. */
  rows(): Promise<readonly string[]>
  /** One statement by hand, past the product; rejects as the store does. */
  execute(sql: string): Promise<readonly JsonObject[]>
  /** Begins a transaction by hand and keeps it open until the answer is called: locks stay held. */
  hold(sql: string): Promise<() => Promise<void>>
  /** Removes the folder; the database goes with the test file. */
  remove(): void
}

/** Another one each time, and a folder for the servers' files. */
export function sqliteStage(): Stage {
  const place = openPlace()
  const file = join(place.folder, 'curfew.db')
  const execute = async (sql: string) => executeOnFile(file, sql)
  return {
    ...place,
    kind: 'sqlite',
    storeUrl: `sqlite:${file}`,
    execute,
    rows: () => rowsOf(execute, sqliteTables),
    dump: async () => dumpFiles(place.folder),
    hold: async (sql) => holdOnFile(file, sql),
  }
}

/** On a database that somebody else drops. */
export function postgresStage(url: string): Stage {
  const execute = (sql: string) => executeOnServer(url, sql)
  const rows = () => rowsOf(execute, postgresTables)
  return {
    ...openPlace(),
    kind: 'postgres',
    storeUrl: url,
    execute,
    rows,
    dump: async () => (await rows()).join('\n'),
    hold: (sql) => holdOnServer(url, sql),
  }
}

function openPlace(): Pick<Stage, 'folder' | 'clockFile' | 'remove'> {
  const folder = tempFolder('curfew-e2e-')
  const clockFile = join(folder.path, 'clock')
  writeFileSync(clockFile, '0')
  return { folder: folder.path, clockFile, remove: () => folder.remove() }
}

const sqliteTables =
  "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by 1"
const postgresTables = `select format('%I.%I', schemaname, tablename) as name from pg_tables
  where schemaname not in ('pg_catalog', 'information_schema') order by 1`

async function rowsOf(execute: Stage['execute'], tables: string): Promise<readonly string[]> {
  const lines: string[] = []
  for (const { name } of await execute(tables)) {
    const rows = await execute(`select * from ${String(name)}`)
    for (const row of rows) lines.push(`${String(name)} ${JSON.stringify(row, asHex)}`)
  }
  return lines
}

function asHex(_name: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value
}

/** The database file with its journal and whatever else lies beside it, byte by byte. */
function dumpFiles(folder: string): string {
  const files = readdirSync(folder).filter((name) => name.startsWith('curfew.db'))
  return files.map((name) => readFileSync(join(folder, name), 'latin1')).join('\n')
}

function executeOnFile(file: string, sql: string): readonly JsonObject[] {
  const database = new DatabaseSync(file, { timeout: 5000 })
  try {
    return database.prepare(sql).all()
  } finally {
    database.close()
  }
}

async function executeOnServer(url: string, sql: string): Promise<readonly JsonObject[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<JsonObject>(sql)
    return rows
  } finally {
    await client.end()
  }
}

function holdOnFile(file: string, sql: string): () => Promise<void> {
  const database = new DatabaseSync(file, { timeout: 5000 })
  database.exec('begin immediate')
  database.prepare(sql).all()
  return async () => {
    database.exec('rollback')
    database.close()
  }
}

async function holdOnServer(url: string, sql: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('begin')
  await client.query(sql)
  return async () => {
    await client.query('rollback')
    await client.end()
  }
}
