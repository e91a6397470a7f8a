/*
 * Every Redis server of the configuration, asked for everything that Curfew asks of it: for `curfew check`.
 * It harms nothing: a key that may be missing, a script that reads it, and an empty message, which is a
 * hint to read the feed.
 */
import type { RedisConfig } from '#config'
import { askSentinel, configuredAddresses, findMaster, nameOf } from './redis-address.ts'
import {
  connectPlain,
  isErrorReply,
  type PlainConnection,
  type RedisAddress,
  within,
} from './redis-client.ts'
import { redisFault } from './redis-faults.ts'
import { parseSlots } from './redis-slots.ts'

export interface RedisTrial {
  /** What was tried, by its address. */
  readonly what: string
  /** Null: all is well. */
  readonly problem: string | null
}

export interface TrialOptions {
  /** Those on which ends and hints are told. */
  readonly channels: readonly string[]
  readonly trialMs: number
}

type Work = (connection: PlainConnection) => Promise<void>

export async function tryRedis(
  redis: RedisConfig,
  { channels, trialMs }: TrialOptions,
): Promise<readonly RedisTrial[]> {
  const key = `${redis.keyPrefix}head`
  const servers = configuredAddresses(redis)
  switch (redis.kind) {
    case 'single':
      return await tryAll(servers, trialMs, async (connection) => {
        await tryCommands(connection, commands(key, channels))
        await tryChannels(connection, channels)
      })
    case 'cluster':
      return await tryAll(servers, trialMs, async (connection) => {
        parseSlots(await connection.send(['CLUSTER', 'SLOTS']))
        await tryCommands(connection, commands(key, channels), isMoved)
        await tryChannels(connection, channels)
      })
    case 'sentinel':
      return await trySentinels(redis, { channels, trialMs })
    default:
      return redis satisfies never
  }
}

/** The sentinels, then the master that they name. */
async function trySentinels(
  redis: Extract<RedisConfig, { kind: 'sentinel' }>,
  { channels, trialMs }: TrialOptions,
): Promise<readonly RedisTrial[]> {
  const sentinels = await Promise.all(
    configuredAddresses(redis).map(async (sentinel) => {
      const problem = await problemOf(sentinel, () => askSentinel(sentinel, redis.master, trialMs))
      return { what: `the sentinel at ${nameOf(sentinel)}`, problem }
    }),
  )
  const [first] = configuredAddresses(redis)
  if (first === undefined || sentinels.every(({ problem }) => problem !== null)) return sentinels
  const problem = await problemOf(first, async () => {
    await visit(await findMaster(redis, trialMs), trialMs, async (connection) => {
      await tryCommands(connection, commands(`${redis.keyPrefix}head`, channels))
      await tryChannels(connection, channels)
    })
  })
  return [...sentinels, { what: `the master ${redis.master}`, problem }]
}

async function tryAll(
  servers: readonly RedisAddress[],
  trialMs: number,
  work: Work,
): Promise<readonly RedisTrial[]> {
  return await Promise.all(
    servers.map(async (server) => {
      const problem = await problemOf(server, () => visit(server, trialMs, work))
      return { what: `Redis at ${nameOf(server)}`, problem }
    }),
  )
}

async function visit(server: RedisAddress, trialMs: number, work: Work): Promise<void> {
  const connectMs = trialMs
  const connection = await connectPlain(server, { connectMs, onLost: () => undefined })
  try {
    await within(trialMs, work(connection))
  } finally {
    connection.destroy()
  }
}

async function problemOf(
  server: RedisAddress,
  attempt: () => Promise<unknown>,
): Promise<string | null> {
  try {
    await attempt()
    return null
  } catch (error) {
    return redisFault(error, server)
  }
}

function commands(key: string, channels: readonly string[]): readonly (readonly string[])[] {
  const script = "return redis.call('GET', KEYS[1])"
  return [
    ['PING'],
    ['GET', key],
    ['GETRANGE', key, '0', '0'],
    ['EVAL', script, '1', key],
    ...channels.map((channel) => ['PUBLISH', channel, '']),
  ]
}

async function tryCommands(
  { send }: PlainConnection,
  all: readonly (readonly string[])[],
  isWell: (error: unknown) => boolean = () => false,
): Promise<void> {
  for (const command of all) {
    try {
      await send(command)
    } catch (error) {
      if (!isWell(error)) throw error
    }
  }
}

/** In a cluster: the key belongs to another node, and this one knows it. */
function isMoved(error: unknown): boolean {
  return isErrorReply(error) && error.message.startsWith('MOVED')
}

async function tryChannels(
  connection: PlainConnection,
  channels: readonly string[],
): Promise<void> {
  for (const channel of channels) await connection.subscribe(channel, () => undefined)
}
