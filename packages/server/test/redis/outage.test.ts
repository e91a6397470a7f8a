/* Redis goes away, stands still and comes back under a real server: nobody who asks the server sees it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import {
  asObject,
  type Curfew,
  eventually,
  freshUid,
  type Login,
  startCurfew,
} from '#test/harness/index.ts'
import { type Redis, startRedis } from '../services/index.ts'
import { connected, listen, metricsOf } from './listener.ts'

const started = ({ api }: Curfew): Promise<Login> => api.start({ uid: freshUid(), device: 'web' })

async function redisState({ api }: Curfew): Promise<unknown> {
  const answer = await api.get('/readyz')
  expect(answer.status).toBe(200)
  return asObject(answer.body['dependencies'])['redis']
}

async function isUp(curfew: Curfew): Promise<unknown> {
  const up = async () => (await metricsOf(curfew)).get('curfew_redis_up') === 1 || undefined
  return await eventually(up, { what: 'Redis' })
}

describe('a server whose Redis is away', () => {
  let redis: Redis
  let curfew: Curfew
  beforeAll(async () => {
    redis = await startRedis()
    await redis.kill()
    curfew = await startCurfew({ store: 'sqlite', config: { redis: redis.url } })
  })
  afterAll(async () => {
    await curfew?.close()
    await redis?.stop()
  })

  test('starts without it, is ready, says so, and is connected once it is there', async () => {
    expect(await redisState(curfew)).toMatch(/out of reach/)
    expect((await metricsOf(curfew)).get('curfew_redis_up')).toBe(0)
    const { accessToken, sid } = await started(curfew)
    expect((await curfew.api.logout(accessToken)).body).toMatchObject({ revoked: true, sid })
    expect(curfew.log()).toContain('Redis is out of reach')
    await redis.start()
    await isUp(curfew)
    expect(await redisState(curfew)).toBe('ok')
    expect(curfew.log().match(/Redis is out of reach/g)).toHaveLength(1)
    const heard = await listen(redis)
    const next = await started(curfew)
    await curfew.api.logout(next.accessToken)
    await heard.of(next.sid)
  })

  test('rule 35 stale: while Redis stands still every end is answered, and is an end', async () => {
    await redis.start()
    await isUp(curfew)
    redis.pause()
    const logins = await Promise.all(Array.from({ length: 20 }, () => started(curfew)))
    const answers = await Promise.all(
      logins.map(({ accessToken }) => curfew.api.logout(accessToken)),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    for (const { accessToken } of logins) expect(await curfew.api.works(accessToken)).toBe(false)
    const refreshed = await started(curfew)
    expect((await curfew.api.refreshed(refreshed)).sid).toBe(refreshed.sid)
    const lost = async () =>
      (await metricsOf(curfew)).get('curfew_push_total{result="failed"}') ?? 0
    await eventually(async () => (await lost()) >= 20 || undefined)
    expect(await redisState(curfew)).toMatch(/going on without it/)
    const metrics = await metricsOf(curfew)
    expect(metrics.get('curfew_redis_up')).toBe(0)
    expect(metrics.get('curfew_redis_failures_total{reason="timeout"}')).toBeGreaterThan(0)
    expect(metrics.get('curfew_push_waiting')).toBe(0)
    redis.resume()
    await isUp(curfew)
  })

  test('goes on when Redis is killed again and again, and counts it', async () => {
    for (let round = 0; round < 3; round++) {
      await redis.start()
      await isUp(curfew)
      const leaver = await started(curfew)
      const [, answer] = await Promise.all([redis.kill(), curfew.api.logout(leaver.accessToken)])
      expect(answer.status).toBe(200)
      expect(await curfew.api.works(leaver.accessToken)).toBe(false)
    }
    const metrics = await metricsOf(curfew)
    expect(metrics.get('curfew_redis_disconnects_total')).toBeGreaterThanOrEqual(3)
  })

  test('an end that Redis missed is buried there once it is back, and nobody is alarmed meanwhile', async () => {
    await redis.start()
    await isUp(curfew)
    // The writer of tombstones looks every 2 s; what ended before its first look is not its business.
    await sleep(2500)
    await redis.kill()
    const leaver = await started(curfew)
    expect((await curfew.api.logout(leaver.accessToken)).status).toBe(200)
    await sleep(2500)
    await redis.start()
    await isUp(curfew)
    const client = await connected(redis)
    const [epoch] = (await curfew.api.head()).split('.')
    const buried = async () =>
      (await client.get(`curfew:${epoch}:s:${leaver.sid}`)) === 't' ? true : undefined
    await eventually(buried, { what: 'the tombstone' })
    expect(curfew.log()).not.toContain('something unforeseen')
  }, 120_000)

  test('a changed `redis` waits for a restart, and SIGHUP says so', async () => {
    const other = await startCurfew({ store: 'sqlite', config: { redis: redis.url } })
    onTestFinished(() => other.close())
    expect(other.log()).not.toContain('does not act on it yet')
    other.reload({ ...other.config, redis: `${redis.url}/1` })
    const restart = /"needsRestart":\["redis"\]/
    await eventually(() => restart.test(other.log()) || undefined)
  }, 240_000)

  test('without Redis in the configuration nothing of it is named', async () => {
    const other = await startCurfew({ store: 'sqlite' })
    onTestFinished(() => other.close())
    expect(await redisState(other)).toBeUndefined()
    expect((await metricsOf(other)).get('curfew_redis_up')).toBe(0)
  }, 240_000)
})
