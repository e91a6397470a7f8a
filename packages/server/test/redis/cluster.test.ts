import keySlot from 'cluster-key-slot'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { RedisConfig } from '#config'
import { Secret } from '#domain'
import { eventually } from '#test/harness/index.ts'
import { type Redis, type RedisClusterService, startRedisCluster } from '../services/index.ts'
import { failureOf, watch } from './watched.ts'

const slotsTotal = 16_384

function configOf(nodes: readonly Redis[]): RedisConfig {
  const urls = nodes.map(({ url }) => new Secret(url))
  return { kind: 'cluster', urls, keyPrefix: 'curfew:', ca: null }
}

/** A key whose slot the master with this number has. */
function keyOf(master: number): string {
  for (let n = 0; ; n++) {
    const key = `curfew:{${n}}`
    if (Math.floor((keySlot(key) * 3) / slotsTotal) === master) return key
  }
}

async function answered(work: () => Promise<unknown>, withinMs = 30_000): Promise<void> {
  await eventually(async () => (typeof (await failureOf(work())) === 'object' ? true : undefined), {
    withinMs,
    everyMs: 100,
    what: 'an answer',
  })
}

describe('a connection to a cluster', () => {
  let cluster: RedisClusterService
  const keys = [keyOf(0), keyOf(1), keyOf(2)]
  beforeAll(async () => {
    cluster = await startRedisCluster({ replicas: 1 })
  }, 120_000)
  afterAll(() => cluster?.stop())

  test('finds the master of every key from one node, and hears what is published on any', async () => {
    const { redis, isReady, connections } = watch(configOf(cluster.masters.slice(1, 2)))
    const heard: string[] = []
    redis.subscribe('channel', (message) => heard.push(message))
    await isReady()
    for (const [index, key] of keys.entries()) {
      await answered(() => redis.set(key, `${index}`, 60_000))
      expect(await redis.get(key)).toBe(`${index}`)
      expect(await redis.script({ text: "return redis.call('GET', KEYS[1])" }, [key], [])).toBe(
        `${index}`,
      )
    }
    await eventually(() => connections() > 0 || undefined)
    await redis.publish('channel', 'own')
    for (const node of cluster.masters) await cluster.ask(node, 'PUBLISH', 'channel', 'other')
    await eventually(() => heard.length === 4 || undefined)
  })

  test('a slot that has moved is found by what its old master says', async () => {
    const { redis, isReady, failures } = watch(configOf(cluster.masters))
    await isReady()
    const [, from, to] = cluster.masters as [Redis, Redis, Redis]
    const key = keyOf(1)
    for (const each of keys) await answered(() => redis.set(each, 'here', 60_000))
    await cluster.ask(from, 'DEL', key)
    const before = failures.length
    await cluster.move(keySlot(key), from, to)
    expect(await redis.get(key)).toBeNull()
    await redis.set(key, 'there', 60_000)
    expect(await cluster.ask(to, 'GET', key)).toBe('there')
    expect(failures.length).toBe(before)
    await cluster.ask(to, 'DEL', key)
    await cluster.move(keySlot(key), to, from)
  })

  test('a master that stands still costs only its own keys, and rests by itself', async () => {
    const { redis, isReady } = watch(configOf(cluster.masters))
    await isReady()
    for (const each of keys) await answered(() => redis.set(each, 'here', 60_000))
    const [, , still] = cluster.masters as [Redis, Redis, Redis]
    still.pause()
    const outcomes: unknown[] = []
    for (let n = 0; n < 7; n++) outcomes.push(await failureOf(redis.get(keys[2] as string)))
    expect(outcomes.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => 'timeout'))
    expect(outcomes.at(-1)).toBe('resting')
    expect(await redis.get(keys[0] as string)).toBe('here')
    expect([redis.ready, redis.resting]).toEqual([true, true])
    still.resume()
    await answered(() => redis.get(keys[2] as string))
  })

  test('a master that dies is replaced by its replica, although nothing says so (node-redis#2806)', async () => {
    const { redis, isReady } = watch(configOf(cluster.masters))
    await isReady()
    for (const each of keys) await answered(() => redis.set(each, 'here', 60_000))
    const [first] = cluster.masters as [Redis]
    await first.kill()
    expect(['offline', 'lost']).toContain(await failureOf(redis.get(keys[0] as string)))
    expect(await redis.get(keys[1] as string)).toBe('here')
    await answered(() => redis.set(keys[0] as string, 'again', 60_000), 50_000)
    expect(await redis.get(keys[0] as string)).toBe('again')
    // One that begins now knows only of nodes that are gone or not: it asks until one answers.
    const late = watch(configOf(cluster.masters))
    await late.isReady()
    await answered(() => late.redis.get(keys[0] as string))
  })
})
