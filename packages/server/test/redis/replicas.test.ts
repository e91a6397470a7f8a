/* Two replicas on one PostgreSQL with Redis between them, whose NOTIFY is lost; and a store restored. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import {
  type Curfew,
  cursorOf,
  eventually,
  freshUid,
  openStage,
  startCurfew,
  stores,
} from '#test/harness/index.ts'
import { Wire } from '../races/rig/wire.ts'
import { type Redis, startRedis } from '../services/index.ts'
import { connected, listeners, metricsOf } from './listener.ts'

/** Nobody hears of an end by pulling while the test runs. */
const revocation = { pullInterval: '10m', maxStaleness: '30m' }

describe('replicas with Redis between them', () => {
  let redis: Redis
  let wire: Wire
  let one: Curfew
  let two: Curfew
  beforeAll(async () => {
    redis = await startRedis()
    const stage = await openStage('postgres')
    wire = await Wire.to(stage.storeUrl)
    // NOTIFY of either never reaches the other one.
    wire.deaf = true
    const store = wire.url(stage.storeUrl)
    one = await startCurfew({ store: stage, config: { store, revocation, redis: redis.url } })
    two = await one.twin()
  }, 120_000)
  afterAll(async () => {
    await one?.close()
    await wire?.close()
    await redis?.stop()
  })

  async function toldOn(replica: Curfew, work: () => Promise<string>): Promise<unknown> {
    const since = await replica.api.head()
    const stream = await replica.api.feedStream({ since, all: true })
    onTestFinished(() => stream.close())
    const sid = await work()
    const event = await stream.next(20_000)
    expect(JSON.parse(event?.data ?? '{}').sid).toBe(sid)
    return sid
  }

  async function logout(replica: Curfew): Promise<string> {
    const { sid, accessToken } = await replica.api.start({ uid: freshUid(), device: 'web' })
    expect((await replica.api.logout(accessToken)).status).toBe(200)
    return sid
  }

  test('an end on one is known on the other by the message alone', async () => {
    await toldOn(two, () => logout(one))
    await toldOn(one, () => logout(two))
  })

  test('what was missed while Redis was away is read as soon as it is back', async () => {
    const client = await connected(redis)
    await redis.kill()
    const since = await two.api.head()
    const stream = await two.api.feedStream({ since, all: true })
    onTestFinished(() => stream.close())
    const sid = await logout(one)
    await redis.start()
    const event = await stream.next(30_000)
    expect(JSON.parse(event?.data ?? '{}').sid).toBe(sid)
    await eventually(async () => (await listeners(client).catch(() => 0)) === 2 || undefined)
    // Whoever tells has another connection than whoever hears, and a back-off of its own.
    const mayTell = async () => (await metricsOf(one)).get('curfew_redis_up') === 1 || undefined
    await eventually(mayTell, { what: 'the connection of the first one' })
    await toldOn(two, () => logout(one))
  })

  test('rule 20 Redis is not trusted: forged, malformed and huge messages end nothing and break nothing', async () => {
    const client = await connected(redis)
    const { sid, accessToken } = await two.api.start({ uid: freshUid(), device: 'web' })
    const [epoch, seq] = (await two.api.head()).split('.')
    const forged = { epoch, seq: Number(seq) + 1, jti: null, sid, exp: 4_000_000_000 }
    const heard = async () =>
      (await metricsOf(two)).get('curfew_redis_messages_total{about="ends"}') ?? 0
    const before = await heard()
    const messages = [JSON.stringify(forged), '', '{', 'null', 'x'.repeat(4_000_000)]
    for (const message of messages) {
      await client.publish('auth:revoked', message)
      await client.publish('curfew:sessions', message)
    }
    for (let n = 0; n < 2000; n++) void client.publish('auth:revoked', `${n}`)
    await eventually(async () => (await heard()) >= before + 2000 || undefined)
    expect(await two.api.works(accessToken)).toBe(true)
    expect((await two.api.session(sid))['revoked_at'] ?? null).toBeNull()
    expect((await two.api.get('/readyz')).status).toBe(200)
    expect((await two.api.head()).split('.')).toEqual([epoch, seq])
    await toldOn(two, () => logout(one))
  })
})

describe.each(stores)('a mark of the feed in Redis, on %s', (store) => {
  let redis: Redis
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis?.stop())

  /** A server with three ends behind it, whose mark is kept. */
  async function marked(): Promise<Curfew> {
    const client = await connected(redis)
    await client.flushAll()
    const curfew = await startCurfew({ store, config: { redis: redis.url } })
    onTestFinished(() => curfew.close())
    for (let n = 0; n < 3; n++) {
      const { accessToken } = await curfew.api.start({ uid: freshUid(), device: 'web' })
      await curfew.api.logout(accessToken)
    }
    await eventually(async () => / 3 /.test((await client.get('curfew:head')) ?? '') || undefined)
    return curfew
  }

  async function restoreToFirst({ stage }: Curfew): Promise<void> {
    await stage.execute('delete from feed where seq > 1')
    await stage.execute('delete from sessions where feed_seq > 1')
    await stage.execute('update feed_head set seq = 1')
  }

  const epochOf = async (curfew: Curfew) => cursorOf(await curfew.api.feed()).split('.')[0]

  test('rule 7 restored: a store whose head lies below the mark gets a new epoch, without any other witness', async () => {
    const curfew = await marked()
    const epoch = await epochOf(curfew)
    await curfew.stop()
    await restoreToFirst(curfew)
    const restored = await curfew.restart()
    await eventually(async () => (await epochOf(restored)) !== epoch || undefined)
    expect(restored.log()).toContain('was it restored?')
    expect((await restored.api.feed({ since: `${epoch}.2` })).headers.get('curfew-reset')).toBe(
      'true',
    )
    // The new epoch's own mark takes the place of the old one, and nothing is renewed again.
    const client = await connected(redis)
    const renewed = await epochOf(restored)
    await eventually(
      async () => (await client.get('curfew:head'))?.startsWith(`${renewed} 1 `) || undefined,
    )
    expect(await epochOf(restored)).toBe(renewed)
  }, 240_000)

  test('rule 7 restored: an old mark, a forged one and one of another house change nothing', async () => {
    const curfew = await marked()
    const client = await connected(redis)
    const epoch = await epochOf(curfew)
    const kept = (await client.get('curfew:head')) ?? ''
    const sealed = kept.split(' ')[2] ?? ''
    const { accessToken } = await curfew.api.start({ uid: freshUid(), device: 'web' })
    await curfew.api.logout(accessToken)
    await curfew.stop()
    let running = curfew
    for (const mark of [kept, `${epoch} 999 ${sealed}`, `${epoch} 999 x`]) {
      await client.set('curfew:head', mark)
      running = await running.restart()
      const isRead = async () =>
        (await metricsOf(running)).get('curfew_redis_up') === 1 || undefined
      await eventually(isRead)
      await running.api.start({ uid: freshUid(), device: 'web' })
      expect(await epochOf(running)).toBe(epoch)
      await running.stop()
    }
  }, 240_000)
})
