import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { eventually } from '#test/harness/index.ts'
import { privateAuthority } from '../oidc/certificates.ts'
import { type Redis, startRedis } from '../services/index.ts'
import { answers, failureOf, single, watch } from './watched.ts'

async function fresh(options: Parameters<typeof startRedis>[0] = {}): Promise<Redis> {
  const redis = await startRedis(options)
  onTestFinished(() => redis.stop())
  return redis
}

/** The URL with a user and a password. */
function as(user: string, password: string, { url }: Redis): string {
  return url.replace('://', `://${user}:${encodeURIComponent(password)}@`)
}

describe('a connection to one Redis server', () => {
  let server: Redis
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server?.stop())

  test('reads, writes with an expiry, and runs scripts that the server does not know yet', async () => {
    const { redis, isReady, failures } = watch(single(server.url))
    await isReady()
    expect(await redis.get('curfew:a')).toBeNull()
    await redis.set('curfew:a', 'one', 60_000)
    expect(await redis.get('curfew:a')).toBe('one')
    const script = { text: "return {ARGV[1], redis.call('PTTL', KEYS[1])}" }
    const number = { text: "return redis.call('PTTL', KEYS[1])" }
    const expiry = await redis.script(number, ['curfew:a'], [])
    expect(expiry).toBeGreaterThan(50_000)
    // A list is no answer that a port promises.
    expect(await redis.script(script, ['curfew:a'], ['x'])).toBeNull()
    expect(await redis.script({ text: 'return ARGV[1]' }, ['curfew:a'], ['x'])).toBe('x')
    expect(failures).toEqual([])
  })

  test('an error of Redis is a refusal, and the connection goes on', async () => {
    const { redis, isReady, failures } = watch(single(server.url))
    await isReady()
    const broken = { text: 'return redis.call("NOSUCH")' }
    for (let n = 0; n < 10; n++) {
      expect(await failureOf(redis.script(broken, ['curfew:a'], []))).toBe('refused')
    }
    expect(redis.resting).toBe(false)
    expect(new Set(failures)).toEqual(new Set(['refused']))
    await redis.set('curfew:b', 'good', 1000)
  })

  test('messages reach every listener, also one who came after the connection', async () => {
    const { redis, isReady, connections } = watch(single(server.url))
    const heard: string[] = []
    redis.subscribe('early', (message) => heard.push(`1 ${message}`))
    const stop = redis.subscribe('early', (message) => heard.push(`2 ${message}`))
    await isReady()
    await eventually(() => connections() === 1 || undefined)
    redis.subscribe('late', (message) => heard.push(`late ${message}`))
    // Only now may nothing be missed on it any more.
    await eventually(() => connections() === 2 || undefined)
    await redis.publish('early', 'a')
    await redis.publish('late', 'b')
    await eventually(() => heard.length === 3 || undefined)
    expect(heard).toEqual(['1 a', '2 a', 'late b'])
    stop()
    await redis.publish('early', 'c')
    await eventually(() => heard.length === 4 || undefined)
    expect(heard.at(-1)).toBe('1 c')
  })

  test('the number of a database and a prefix keep two houses apart', async () => {
    const zero = watch(single(server.url))
    const three = watch(single(`${server.url}/3`, { keyPrefix: 'other:' }))
    await Promise.all([zero.isReady(), three.isReady()])
    expect(three.redis.keyPrefix).toBe('other:')
    await zero.redis.set('same', 'zero', 60_000)
    expect(await three.redis.get('same')).toBeNull()
  })

  test('no server at the start: every command says so at once, and it is connected once there is one', async () => {
    const redis = await fresh()
    await redis.kill()
    const watched = watch(single(redis.url))
    expect(await failureOf(watched.redis.get('a'))).toBe('offline')
    await eventually(() => watched.downs.length >= 2 || undefined)
    expect(watched.downs[0]).toContain('ECONNREFUSED')
    await redis.start()
    await watched.isReady()
    await answers(watched.redis)
    expect(watched.said.at(-1)).toBe('up')
  })

  test('a server that is killed and comes back: commands and messages go on by themselves', async () => {
    const redis = await fresh()
    const { redis: connection, isReady, connections, said } = watch(single(redis.url))
    const heard: string[] = []
    connection.subscribe('channel', (message) => heard.push(message))
    await isReady()
    for (let round = 1; round <= 3; round++) {
      await eventually(() => connections() === round || undefined)
      await answers(connection)
      await connection.publish('channel', `${round}`)
      await eventually(() => heard.length === round || undefined)
      if (round === 3) break
      await redis.kill()
      expect(['offline', 'lost']).toContain(await failureOf(connection.get('a')))
      await redis.start()
    }
    expect(heard).toEqual(['1', '2', '3'])
    expect(said.filter((each) => each === 'up')).toHaveLength(3)
  })

  test('a server that stands still: a few commands time out, then all are spared, then it is given up', async () => {
    const redis = await fresh()
    const { redis: connection, isReady, failures, said } = watch(single(redis.url), 100)
    await isReady()
    redis.pause()
    const outcomes: unknown[] = []
    for (let n = 0; n < 12; n++) outcomes.push(await failureOf(connection.get('a')))
    expect(outcomes).toEqual([
      ...Array.from({ length: 5 }, () => 'timeout'),
      ...Array.from({ length: 7 }, () => 'resting'),
    ])
    expect([connection.ready, connection.resting]).toEqual([true, true])
    // The ping is not answered either: the connection is made anew, as soon as somebody answers.
    await eventually(() => !connection.ready || undefined)
    expect(await failureOf(connection.get('a'))).toBe('offline')
    redis.resume()
    await isReady()
    await answers(connection)
    expect(connection.resting).toBe(false)
    expect(said.at(-1)).toBe('up')
    expect(failures.at(-1)).not.toBe('full')
  })

  test('a short pause opens the breaker, and one answer closes it again', async () => {
    const redis = await fresh()
    const { redis: connection, isReady, said } = watch(single(redis.url), 100)
    await isReady()
    redis.pause()
    const crowd = Array.from({ length: 40 }, () => failureOf(connection.get('a')))
    expect(new Set(await Promise.all(crowd))).toEqual(new Set(['timeout']))
    expect(connection.resting).toBe(true)
    redis.resume()
    await answers(connection)
    expect(connection.resting).toBe(false)
    expect(said).toEqual(['up'])
  })

  test('closed, it leaves nothing behind that would keep the process or the server busy', async () => {
    const redis = await fresh()
    const clients = async (): Promise<number> => {
      const admin = createClient({ url: redis.url })
      admin.on('error', () => undefined)
      await admin.connect()
      const list = await admin.sendCommand(['CLIENT', 'LIST'])
      admin.destroy()
      return String(list).trim().split('\n').length - 1
    }
    const { redis: connection, isReady } = watch(single(redis.url))
    await isReady()
    await eventually(async () => (await clients()) === 2 || undefined)
    // One that is closed while it connects is closed, too.
    for (let n = 0; n < 20; n++) {
      const { redis: early } = watch(single(redis.url))
      if (n % 2 === 0) await sleep(n)
      await early.close()
    }
    await connection.close()
    await eventually(async () => (await clients()) === 0 || undefined)
    expect(await failureOf(connection.get('a'))).toBe('offline')
  })
})

describe('who may connect', () => {
  test('a wrong password never connects, is tried again, and is told without the password', async () => {
    const redis = await fresh({ args: ['--requirepass', 'right'] })
    const wrong = watch(single(as('default', 'hunter2-wrong', redis)))
    await eventually(() => wrong.downs.length >= 2 || undefined)
    expect(wrong.redis.ready).toBe(false)
    expect(wrong.downs[0]).toMatch(/^WRONGPASS/)
    expect(wrong.downs.join()).not.toContain('hunter2')
    const none = watch(single(redis.url))
    await eventually(() => none.downs.length >= 1 || undefined)
    expect(none.downs[0]).toMatch(/^NOAUTH/)
    const right = watch(single(as('', 'right', redis)))
    await right.isReady()
  })

  test('the password may hold any character, percent-encoded', async () => {
    const password = 'a@b:c/d#e%f'
    const redis = await fresh({ args: ['--requirepass', password] })
    const { isReady, redis: connection } = watch(single(as('', password, redis)))
    await isReady()
    await answers(connection)
  })

  test('TLS with a private authority; without it the server is not believed', async () => {
    const redis = await fresh({ tls: true })
    const trusting = watch(single(redis.url, { ca: privateAuthority }))
    await trusting.isReady()
    await trusting.redis.set('a', 'b', 1000)
    const doubting = watch(single(redis.url))
    const plain = watch(single(redis.url.replace('rediss', 'redis')))
    await eventually(() => (doubting.downs.length > 0 && plain.downs.length > 0) || undefined)
    expect(doubting.downs[0]).toMatch(/certificate/)
    expect([doubting.redis.ready, plain.redis.ready]).toEqual([false, false])
  })
})
