import pg from 'pg'
import { StoreUnavailable } from '#authority'
import { followHistory } from './history.ts'

export interface ConnectionOptions {
  readonly url: string
  readonly poolSize: number
  /** How long a statement may take before the server cancels it. */
  readonly statementMsMax: number
}

/** Whoever waits for a lock for longer answers 503 (rule 37). */
const lockMsMax = 2000
/** A transaction whose process sleeps must not keep its locks: the feed's head may be among them. */
const idleInTransactionMsMax = 2000
const connectMsMax = 3000
/** What the answer may take beyond the statement itself, before the connection counts as dead. */
const answerMsMax = 1000
const keepAliveAfterMs = 30_000
/** A new connection prepares every statement again: one that rests is kept for long. */
const idleConnectionMsMax = 600_000

const int8 = 20

/** Numbers of 64 bits arrive as text; ours all fit, and one that does not must not be rounded. */
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
    return oid === int8 ? wholeNumber : pg.types.getTypeParser(oid, format)
  },
} as pg.CustomTypesConfig

function wholeNumber(value: string): number {
  const parsed = Number(value)
  if (!Number.isSafeInteger(parsed))
    throw new RangeError(`${value} is beyond what a number can hold`)
  return parsed
}

export function clientConfig({
  url,
  statementMsMax,
}: Omit<ConnectionOptions, 'poolSize'>): pg.ClientConfig {
  return {
    connectionString: url,
    application_name: 'curfew',
    connectionTimeoutMillis: connectMsMax,
    lock_timeout: lockMsMax,
    statement_timeout: statementMsMax,
    idle_in_transaction_session_timeout: idleInTransactionMsMax,
    query_timeout: statementMsMax + answerMsMax,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveAfterMs,
    types,
  }
}

export function openPool(options: ConnectionOptions): pg.Pool {
  const pool = new pg.Pool({
    ...clientConfig(options),
    max: options.poolSize,
    idleTimeoutMillis: idleConnectionMsMax,
    onConnect: prepare,
  })
  // An idle connection that breaks is replaced; whoever asks next is told what is wrong.
  pool.on('error', () => undefined)
  // One that is in use tells whoever uses it; without a listener it would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}

/**
 * An acknowledged end is durable, whatever the database's default says; a stronger setting is kept.
 * Compiling a plan (jit) or making one for each value costs more than statements as short as ours. An
 * address may lead to another server after a failover: a standby is refused, because what it lacks
 * would come back to life, and a promoted one goes on in another history (rules 3 and 7).
 */
async function prepare(client: pg.ClientBase): Promise<void> {
  await refuseStandby(client)
  await followHistory(client)
  await client.query(`select set_config('jit', 'off', false),
    set_config('plan_cache_mode', 'force_generic_plan', false),
    case when current_setting('synchronous_commit') in ('off', 'local')
      then set_config('synchronous_commit', 'on', false) end`)
}

/** @throws StoreUnavailable */
export async function refuseStandby(client: pg.ClientBase): Promise<void> {
  const { rows } = await client.query<{ standby: boolean }>('select pg_is_in_recovery() as standby')
  if (rows[0]?.standby !== false) throw new StoreUnavailable(new Error(standbyWords))
}

const standbyWords =
  'the server is a standby, which may lack the latest ends; point `store` to the primary'
