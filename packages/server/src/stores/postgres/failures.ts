import pg from 'pg'
import { StoreUnavailable } from '#authority'

/** Classes of SQLSTATE that say: not now. */
const unavailableClasses: ReadonlySet<string> = new Set([
  '08', // connection
  '28', // authorization: a password was changed
  '40', // rolled back: serialization, deadlock
  '53', // resources: disk, memory, connections
  '55', // not in the state: lock_timeout is 55P03
  '57', // operator: shutdown, cancelled by statement_timeout
  '58', // system
])

const unavailableStates: ReadonlySet<string> = new Set([
  '25006', // read-only: this server has become a standby
  '25P03', // idle for too long inside of a transaction
  '3D000', // the database is gone
])

/** The transaction was undone by the server and nothing else is wrong: its parts may be tried alone. */
const undoneStates: ReadonlySet<string> = new Set(['40001', '40P01', '55P03', '57014'])

/**
 * An error that a call of the driver threw, as the ports know it. What has no SQLSTATE happened on the way to the server
 * (refused, reset, time-out); mistakes of ours in the call are TypeErrors and go on as they are.
 */
export function toPostgresFailure(error: unknown): unknown {
  if (error instanceof TypeError || error instanceof RangeError) return error
  if (!(error instanceof pg.DatabaseError)) return new StoreUnavailable(error)
  const state = error.code ?? ''
  const unavailable = unavailableClasses.has(state.slice(0, 2)) || unavailableStates.has(state)
  return unavailable ? new StoreUnavailable(error) : error
}

export function isUniqueViolation(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '23505'
}

/** Certain to have changed nothing, unlike a connection that broke. */
export function wasUndone(error: unknown): boolean {
  const cause = error instanceof StoreUnavailable ? error.cause : error
  return cause instanceof pg.DatabaseError
    ? !unavailableClasses.has((cause.code ?? '').slice(0, 2)) || undoneStates.has(cause.code ?? '')
    : false
}
