/*
 * Real Curfew servers and a client of their HTTP contract, for black-box tests. Nothing here imports the
 * product. `useCurfew` in a describe block is the usual way; `startCurfew` for servers that stop, restart
 * or have twins on the same PostgreSQL.
 */
export {
  Api,
  cursorOf,
  type FeedQuery,
  freshUid,
  type Login,
  type StartBody,
} from './api.ts'
export {
  adminUid,
  type ClientCredentials,
  clients,
  merge,
  newSecret,
  otherPublicClient,
  publicClient,
} from './config.ts'
export { type Changes, type Curfew, shiftClock } from './curfew.ts'
export type { EventStream, ServerEvent } from './events.ts'
export { eventually } from './eventually.ts'
export { Answer, basic, type Credential, type RequestOptions } from './http.ts'
export {
  asList,
  asNumber,
  asObject,
  asText,
  claimsOf,
  headerOf,
  isJsonObject,
  type JsonObject,
} from './json.ts'
export { openStage } from './open-stage.ts'
export {
  type CommandResult,
  type Exit,
  runCommand,
  runServer,
  type ServerProcess,
  sourceProgram,
} from './process.ts'
export { type Stage, type StoreKind, stores } from './stage.ts'
export { type CurfewOptions, startCurfew } from './start-curfew.ts'
export { type House, useCurfew } from './vitest.ts'
export { withCurfew } from './with-curfew.ts'
