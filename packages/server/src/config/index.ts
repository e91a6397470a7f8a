/*
 * The configuration: one schema that validates, fills in defaults and is rendered for editors and
 * the reference; loading, which reports every mistake at once; the frozen values that come out. It
 * imports #domain alone and reads no environment and no file by itself: both come in as arguments.
 * Only cli and main import it. Start at config.ts (what comes out), then load.ts (how).
 */
export type { ListenAddress } from './addresses.ts'
export type {
  BearerPolicy,
  ClaimConditions,
  ClientAuth,
  ClientConfig,
  Config,
  DeviceClassConfig,
  GatewayConfig,
  GatewayRule,
  GrantType,
  IdentityProviderConfig,
  LimitsConfig,
  LogLevel,
  RateLimit,
  RedisConfig,
  RuleRequirement,
  ServerConfig,
  SessionsConfig,
  StoreConfig,
  TokensConfig,
  UserConfig,
  UserMatch,
} from './config.ts'
export { accessTtlSeconds } from './config.ts'
export { newSecret, starterConfig } from './init.ts'
export { renderJsonSchema } from './json-schema.ts'
export { type FurtherCheck, type LoadResult, loadConfig, parseConfig } from './load.ts'
export { formatMistake, type Mistake } from './mistakes.ts'
export { renderReference } from './reference.ts'
export { diffReload, type ReloadDiff } from './reload.ts'
export type { ConfigInputs } from './source.ts'
export type { Surroundings } from './substitute.ts'
