import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RedisConfig } from '#config'
import { Secret } from '#domain'
import { eventually } from '#test/harness/index.ts'
import { freePort, type RedisSentinelService, startRedisSentinel } from '../services/index.ts'
import { failureOf, watch } from './watched.ts'

const password = 'of the master'

describe('a master behind sentinels', () => {
  let service: RedisSentinelService
  beforeAll(async () => {
    service = await startRedisSentinel(password)
  }, 120_000)
  afterAll(() => service?.stop())

  function config(over: Partial<Extract<RedisConfig, { kind: 'sentinel' }>> = {}): RedisConfig {
    return {
      kind: 'sentinel',
      master: service.masterName,
      nodes: [new Secret(service.sentinel.url)],
      username: null,
      password: new Secret(password),
      keyPrefix: 'curfew:',
      ca: null,
      ...over,
    }
  }

  test('a name that no sentinel knows and a sentinel that is away are told', async () => {
    const gone = `redis://127.0.0.1:${await freePort()}`
    const watched = watch(
      config({
        master: 'nobody',
        nodes: [gone, service.sentinel.url].map((url) => new Secret(url)),
      }),
    )
    await eventually(() => watched.downs.length > 0 || undefined)
    expect(watched.downs[0]).toMatch(/nobody listens there.*it watches no master named nobody/)
    expect(watched.downs[0]).not.toContain(password)
  })

  test('a fail-over: commands and messages go to the new master, and a master of old is left', async () => {
    const gone = new Secret(`redis://127.0.0.1:${await freePort()}`)
    const { redis, isReady, connections } = watch(
      config({ nodes: [gone, new Secret(service.sentinel.url)] }),
    )
    const heard: string[] = []
    redis.subscribe('channel', (message) => heard.push(message))
    await isReady()
    await redis.set('curfew:a', 'before', 600_000)
    await eventually(() => connections() === 1 || undefined)
    await redis.publish('channel', 'before')
    await eventually(() => heard.length === 1 || undefined)
    // It stands still, as one whose machine hangs: no connection of it breaks.
    service.master.pause()
    const writes = async () =>
      typeof (await failureOf(redis.set('curfew:a', 'after', 600_000))) === 'object' || undefined
    await eventually(writes, { withinMs: 50_000, everyMs: 100, what: 'a write to the new master' })
    expect(await redis.get('curfew:a')).toBe('after')
    await eventually(() => connections() === 2 || undefined)
    await redis.publish('channel', 'after')
    await eventually(() => heard.length === 2 || undefined)
    service.master.resume()
    const late = watch(config())
    await late.isReady()
    const reads = async () =>
      (await late.redis.get('curfew:a').catch(() => '')) === 'after' || undefined
    await eventually(reads)
  })
})
