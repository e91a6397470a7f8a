/*
 * The services that tests, bench and demo need, each started by a plain function and gone with its
 * process. In a test file of the projects contract, e2e and races, `freshDatabase()` is all you need.
 */
export { type Apache, type ApachePlace, startApache } from './apache.ts'
export { freePort, type TempFolder, tempFolder } from './places.ts'
export {
  createDatabase,
  type Database,
  type Postgres,
  type PostgresOptions,
  startPostgres,
} from './postgres.ts'
export { type Redis, type RedisOptions, startRedis } from './redis.ts'
export { type RedisClusterService, startRedisCluster } from './redis-cluster.ts'
export { type RedisSentinelService, startRedisSentinel } from './redis-sentinel.ts'
