/* A connection of the product with all that it said, for tests; closed after the test. */
import { onTestFinished } from 'vitest'
import type { RedisConfig } from '#config'
import { Secret } from '#domain'
import { eventually } from '#test/harness/index.ts'
import { openRedis, type RedisConnection } from '../../src/redis-connection.ts'
import { type RedisFailure, RedisUnavailable } from '../../src/redis-unavailable.ts'

export interface Watched {
  readonly redis: RedisConnection
  readonly said: ('up' | 'down')[]
  readonly downs: string[]
  readonly failures: RedisFailure[]
  /** How often the subscriber was connected. */
  readonly connections: () => number
  isReady(): Promise<unknown>
}

/** Patient, so that a busy machine is no outage; a test about time-outs is not. */
const patientMs = 2000

export function watch(config: RedisConfig, commandMs = patientMs): Watched {
  const said: ('up' | 'down')[] = []
  const downs: string[] = []
  const failures: RedisFailure[] = []
  let connections = 0
  const redis = openRedis(config, {
    commandMs,
    signals: {
      up: () => void said.push('up'),
      down: (why) => {
        said.push('down')
        downs.push(why.message)
      },
      failed: (failure) => void failures.push(failure),
    },
  })
  redis.onReady(() => {
    connections += 1
  })
  onTestFinished(() => redis.close())
  const isReady = () => eventually(() => redis.ready || undefined)
  return { redis, said, downs, failures, connections: () => connections, isReady }
}

export function single(url: string, rest: { ca?: string; keyPrefix?: string } = {}): RedisConfig {
  const { ca = null, keyPrefix = 'curfew:' } = rest
  return { kind: 'single', url: new Secret(url), keyPrefix, ca }
}

/** Why a command was not carried out; what it answered when it was. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    return { answered: await work }
  } catch (error) {
    return error instanceof RedisUnavailable ? error.failure : error
  }
}

/** Until a command answers again. */
export async function answers(redis: RedisConnection, key = 'curfew:any'): Promise<unknown> {
  return await eventually(
    async () => ((await failureOf(redis.get(key))) instanceof Object ? true : undefined),
    { what: 'an answer' },
  )
}
