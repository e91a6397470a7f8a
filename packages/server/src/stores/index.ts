/*
 * The stores: sessions, users, feed and keys in SQLite or PostgreSQL; the only room that writes SQL.
 * It imports the domain and the authority's ports. An act (acts/) says once, for both engines, what is
 * written; a dialect holds what they say differently; an engine runs acts. Start at open.ts, then
 * act.ts, then acts/ends.ts and postgres/dialect.ts: how a session ends.
 */
export { StoreTooNew } from './migration.ts'
export { connectionsMax, openStore, type StoreConfig, type StoreOptions } from './open.ts'
export { connectionLimit } from './postgres/connection-limit.ts'
export { acquireServeLock, type ServeLock, StoreInUse } from './sqlite/serve-lock.ts'
