/*
 * The configuration: one schema that validates, fills in defaults and is rendered for editors and
 * the reference; loading, which reports every mistake at once; the frozen values that come out. It
 * imports #domain alone and reads no environment and no file by itself: both come in as arguments.
 * Only cli and main import it. Start at config.ts (what comes out), then load.ts (how).
 */
export type { ListenAddress } from './addresses.ts'
export {
  accessTtlSeconds,
  type BearerPolicy,
  type ClaimConditions,
  type ClientAuth,
  type ClientConfig,
  type Config,
  type DeviceClassConfig,
  type GatewayConfig,
  type GatewayRule,
  type GrantType,
  type IdentityProviderConfig,
  type LimitsConfig,
  type LogLevel,
  type RateLimit,
  type RedisConfig,
  type RuleRequirement,
  type ServerConfig,
  type SessionsConfig,
  type StoreConfig,
  type TokensConfig,
  type UserConfig,
  type UserMatch,
} from './config.ts'
export { newSecret, starterConfig } from './init.ts'
export { renderJsonSchema } from './json-schema.ts'
export { type LoadResult, loadConfig, type ParseConfigResult, parseConfig } from './load.ts'
export { formatMistake, type Mistake } from './mistakes.ts'
export { renderReference } from './reference.ts'
export { diffReload, type ReloadDiff } from './reload.ts'
export type { ConfigInputs } from './source.ts'
export type { Surroundings } from './substitute.ts'
