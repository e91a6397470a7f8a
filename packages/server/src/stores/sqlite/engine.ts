import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { type EffectPlan, type EndOrder, type EndResult, StoreUnavailable } from '#authority'
import type { Act, Query, Row, Statement, Value } from '../act.ts'
import { type EndStatements, endSessions, endStatements } from '../acts/ends.ts'
import { type ClockOffset, settle } from '../clock.ts'
import type { Dialect } from '../dialect.ts'
import type { Begin, Engine } from '../engine.ts'
import { sqliteDialect } from './dialect.ts'
import { isUniqueViolation, toSqliteFailure } from './failures.ts'
import { migrateSqlite } from './migrate.ts'
import { WriteQueue } from './write-queue.ts'

/** How long a statement waits for another process, such as the command line, to finish its write. */
const busyTimeoutMs = 2000
/** Only the test clock makes texts without end. */
const preparedMax = 1000

export interface SqliteOptions {
  readonly path: string
  readonly clockOffsetMs: ClockOffset | undefined
  readonly effects: EffectPlan
}

/** @throws StoreUnavailable, StoreTooNew */
export function openSqlite({ path, clockOffsetMs, effects }: SqliteOptions): Engine {
  try {
    const db = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true })
    try {
      // An answer means durable: each commit is flushed, on macOS through the drive's own cache.
      db.exec(`pragma journal_mode = wal; pragma synchronous = full;
        pragma fullfsync = on; pragma checkpoint_fullfsync = on`)
      migrateSqlite(db)
      return new SqliteEngine(db, clockOffsetMs, effects)
    } catch (error) {
      db.close()
      throw error
    }
  } catch (error) {
    throw toSqliteFailure(error)
  }
}

class SqliteEngine implements Engine {
  readonly dialect: Dialect
  readonly #db: DatabaseSync
  readonly #offset: ClockOffset | undefined
  readonly #writes: WriteQueue
  readonly #prepared = new Map<string, StatementSync>()
  readonly #ends: EndStatements
  #closed = false

  constructor(db: DatabaseSync, offset: ClockOffset | undefined, effects: EffectPlan) {
    this.#db = db
    this.#offset = offset
    this.#writes = new WriteQueue(db)
    this.dialect = sqliteDialect(offset, effects)
    this.#ends = endStatements(this.dialect)
  }

  async read<Result>(begin: Begin<Result>): Promise<Result> {
    this.#refuseClosed()
    try {
      return this.#drive(begin())
    } catch (error) {
      throw toSqliteFailure(error)
    }
  }

  writeOne<Result>(begin: Begin<Result>): Promise<Result> {
    return this.write(begin)
  }

  async write<Result>(
    begin: Begin<Result>,
    keeps: (result: Result) => boolean = () => true,
  ): Promise<Result> {
    this.#refuseClosed()
    return this.#writes.add(() => this.#drive(begin()), keeps)
  }

  async end(order: EndOrder): Promise<EndResult> {
    const results = await this.write(() => endSessions(this.#ends, [order]))
    return results.get(order.sid) ?? { kind: 'unknown' }
  }

  isUniqueViolation(error: unknown): boolean {
    return isUniqueViolation(error)
  }

  // Other processes poll the file; there is nobody to tell.
  announce(): void {
    return
  }

  onHint(): () => void {
    return () => undefined
  }

  /** There is no other replica (rule 36). */
  announceSession(): void {
    return
  }

  onSessionHint(): () => void {
    return () => undefined
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#writes.flush()
    this.#db.close()
  }

  #refuseClosed(): void {
    if (this.#closed) throw new StoreUnavailable(new Error('the store was closed'))
  }

  #drive<Result>(act: Act<Result>): Result {
    let step = act.next()
    while (!step.done) step = act.next(this.#run(step.value))
    return step.value
  }

  #run({ statement, values }: Query): readonly Row[] {
    const prepared = this.#prepare(settle(statement, this.#offset))
    // Rows hold what STRICT tables hold; lists were written as JSON by the dialect.
    return prepared.all(...(values as readonly Value[])) as unknown as readonly Row[]
  }

  #prepare({ text }: Statement): StatementSync {
    let prepared = this.#prepared.get(text)
    if (prepared === undefined) {
      if (this.#prepared.size >= preparedMax) this.#prepared.clear()
      // `$1` would be a name here; `?1` is the place that the driver binds by.
      prepared = this.#db.prepare(text.replaceAll(/\$(\d+)/g, '?$1'))
      this.#prepared.set(text, prepared)
    }
    return prepared
  }
}
