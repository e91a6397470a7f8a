/*
 * An act is what a store does at one go, written once for both engines: a generator that yields queries
 * and is handed their rows. SQLite drives it to the end within one turn of the event loop, so nothing
 * can come between; PostgreSQL awaits each query on one connection.
 */

/** What a statement takes. Lists are made by `Dialect.list` alone. */
export type Param = string | number | null | readonly (string | null)[]
export type Value = string | number | null
export type Row = Readonly<Record<string, Value>>

export interface Statement {
  /** PostgreSQL prepares it under this name, once for each connection. */
  readonly name: string
  readonly text: string
}

export interface Query {
  readonly statement: Statement
  readonly values: readonly Param[]
}

export type Act<Result> = Generator<Query, Result, readonly Row[]>

export function statement(name: string, text: string): Statement {
  return { name: `curfew_${name}`, text }
}

export function* ask(asked: Statement, ...values: readonly Param[]): Act<readonly Row[]> {
  return yield { statement: asked, values }
}

/** The one row of a query that always has one. */
export function* askOne(asked: Statement, ...values: readonly Param[]): Act<Row> {
  const [row] = yield { statement: asked, values }
  if (row === undefined) {
    throw new Error(`${asked.name} found no row: the store is incomplete, restore it from a backup`)
  }
  return row
}
