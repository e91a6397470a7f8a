import pg from 'pg'
import { type EffectPlan, type EndOrder, type EndResult, StoreUnavailable } from '#authority'
import type { SessionId } from '#domain'
import { type EndStatements, endSessions, endStatements } from '../acts/ends.ts'
import type { ClockOffset } from '../clock.ts'
import type { Dialect } from '../dialect.ts'
import type { Begin, Engine } from '../engine.ts'
import { clientConfig, openPool, refuseStandby } from './connection.ts'
import { postgresDialect } from './dialect.ts'
import { EndQueue, type WriteEnds } from './end-queue.ts'
import { isUniqueViolation, toPostgresFailure } from './failures.ts'
import { Announcer, HintListener, type SessionListener } from './hints.ts'
import { followHistory } from './history.ts'
import { migratePostgres, migrationMsMax } from './migrate.ts'
import { drive, type Send, say, sendTo } from './wire.ts'

/** Searches and whole feeds; a refresh takes a millisecond. */
const statementMsMax = 5000
/** What ends sessions: `at` must not lag behind its commit by more than pollers look back (rule 38). */
const endingMsMax = 3000

export interface PostgresOptions {
  readonly url: string
  readonly poolSize: number
  readonly clockOffsetMs: ClockOffset | undefined
  readonly effects: EffectPlan
}

/** @throws StoreUnavailable, StoreTooNew */
export async function openPostgres(options: PostgresOptions): Promise<Engine> {
  await prepareDatabase(options.url)
  return new PostgresEngine(options)
}

/** On a connection of its own: a migration may take longer than any other statement. */
async function prepareDatabase(url: string): Promise<void> {
  const client = new pg.Client(clientConfig({ url, statementMsMax: migrationMsMax }))
  // The query that is under way reports it.
  client.on('error', () => undefined)
  try {
    await client.connect().catch((error: unknown) => {
      throw toPostgresFailure(error)
    })
    await refuseStandby(client)
    await migratePostgres(client)
    await followHistory(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}

class PostgresEngine implements Engine {
  readonly dialect: Dialect
  readonly #pool: pg.Pool
  /** One connection for the groups of ends: they never wait behind other work. */
  readonly #endPool: pg.Pool
  readonly #offset: ClockOffset | undefined
  readonly #send: Send
  readonly #ends: EndQueue
  readonly #announcer: Announcer
  readonly #hints: HintListener
  #closing: Promise<void> | undefined

  constructor(options: PostgresOptions) {
    this.#pool = openPool({ ...options, statementMsMax })
    this.#offset = options.clockOffsetMs
    this.dialect = postgresDialect(this.#offset, options.effects)
    this.#send = sendTo(this.#pool, this.#offset)
    this.#endPool = openPool({ url: options.url, poolSize: 1, statementMsMax: endingMsMax })
    this.#announcer = new Announcer(this.#pool)
    const listening = clientConfig({ url: options.url, statementMsMax })
    this.#hints = new HintListener(listening, this.#announcer.origin)
    const statements = endStatements(this.dialect)
    this.#ends = new EndQueue({
      group: this.#writeEnds(this.#endPool, statements),
      alone: this.#writeEnds(this.#pool, statements),
      committed: () => this.announce(),
    })
  }

  read<Result>(begin: Begin<Result>): Promise<Result> {
    return drive(begin(), this.#send)
  }

  writeOne<Result>(begin: Begin<Result>): Promise<Result> {
    return drive(begin(), this.#send)
  }

  async write<Result>(
    begin: Begin<Result>,
    keeps: (result: Result) => boolean = () => true,
  ): Promise<Result> {
    const client = await connect(this.#pool)
    let healthy = false
    try {
      const result = await this.#transaction(client, begin, keeps)
      healthy = true
      return result
    } catch (error) {
      healthy = await rolledBack(client)
      throw error
    } finally {
      client.release(!healthy)
    }
  }

  end(order: EndOrder): Promise<EndResult> {
    return this.#ends.end(order)
  }

  isUniqueViolation(error: unknown): boolean {
    return isUniqueViolation(error)
  }

  announce(): void {
    this.#announcer.announce()
  }

  onHint(listener: () => void): () => void {
    return this.#hints.add(listener)
  }

  announceSession(sid: SessionId): void {
    this.#announcer.announceSession(sid)
  }

  onSessionHint(listener: SessionListener): () => void {
    return this.#hints.addForSessions(listener)
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#ends.idle()
    await this.#announcer.idle()
    await Promise.all([this.#hints.close(), this.#pool.end(), this.#endPool.end()])
  }

  /** Each statement commits by itself: the ending one is whole (dialect.ts). */
  #writeEnds(pool: pg.Pool, statements: EndStatements): WriteEnds {
    const send = sendTo(pool, this.#offset)
    return (orders) => drive(endSessions(statements, orders), send)
  }

  async #transaction<Result>(
    client: pg.ClientBase,
    begin: Begin<Result>,
    keeps: (result: Result) => boolean,
  ): Promise<Result> {
    await say(client, `begin; set local statement_timeout = ${endingMsMax}`)
    const result = await drive(begin(), sendTo(client, this.#offset))
    const closed = await say(client, keeps(result) ? 'commit' : 'rollback')
    // A transaction that had failed answers COMMIT with ROLLBACK, and no error.
    if (keeps(result) && closed.command !== 'COMMIT') {
      throw new StoreUnavailable(new Error('the transaction was rolled back'))
    }
    return result
  }
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect()
  } catch (error) {
    throw toPostgresFailure(error)
  }
}

async function rolledBack(client: pg.ClientBase): Promise<boolean> {
  try {
    await say(client, 'rollback')
    return true
  } catch {
    // The connection is broken: closing it rolls back.
    return false
  }
}
