/* Who may do what in Redis, what lies there, and what `curfew check` says of it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { stringify } from 'yaml'
import type { RedisConfig } from '#config'
import { Secret } from '#domain'
import {
  type Curfew,
  eventually,
  freshUid,
  type JsonObject,
  newSecret,
  openStage,
  publicClient,
  runCommand,
  type Stage,
  startCurfew,
} from '#test/harness/index.ts'
import { tryRedis } from '../../src/redis-trial.ts'
import { privateAuthority } from '../oidc/certificates.ts'
import {
  freePort,
  type Redis,
  type RedisOptions,
  startRedis,
  startRedisCluster,
  startRedisSentinel,
} from '../services/index.ts'
import { type Client, connected, listen, metricsOf } from './listener.ts'
import { single } from './watched.ts'

const password = 'hunter2-of-redis'

/** The line of docs/guides/operations.md, word by word. */
function documentedRights(): readonly string[] {
  const guide = readFileSync(
    new URL('../../../../docs/guides/operations.md', import.meta.url),
    'utf8',
  )
  const line = /^ACL SETUSER (curfew .+)$/m.exec(guide)?.[1]
  if (line === undefined) throw new Error('the guide has no ACL SETUSER')
  return line.replace('PASSWORD', password).split(' ')
}

async function serverWithUser(): Promise<{ redis: Redis; url: string; client: Client }> {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const client = await connected(redis)
  await client.sendCommand(['ACL', 'SETUSER', ...documentedRights()])
  return { redis, client, url: redis.url.replace('://', `://curfew:${password}@`) }
}

async function serve(config: JsonObject, store: 'sqlite' | 'postgres' = 'sqlite'): Promise<Curfew> {
  const curfew = await startCurfew({ store, config })
  onTestFinished(() => curfew.close())
  const up = async () => (await metricsOf(curfew)).get('curfew_redis_up') === 1 || undefined
  await eventually(up)
  return curfew
}

test('the documented rights are enough: ends are told, the mark is kept, nothing is refused', async () => {
  const { redis, url, client } = await serverWithUser()
  const curfew = await serve({ redis: url })
  const heard = await listen(redis)
  const { sid, accessToken } = await curfew.api.start({ uid: freshUid(), device: 'web' })
  await curfew.api.logout(accessToken)
  await heard.of(sid)
  await eventually(async () => / 1 /.test((await client.get('curfew:head')) ?? '') || undefined)
  const metrics = await metricsOf(curfew)
  expect(metrics.get('curfew_redis_failures_total{reason="refused"}')).toBe(0)
  expect(await client.sendCommand(['ACL', 'LOG'])).toEqual([])
  // With one right less it is said what does not work; the rest does.
  const gauge = (name: string, value: number) =>
    eventually(async () => (await metricsOf(curfew)).get(name) === value || undefined, {
      what: `${name} ${value}`,
    })
  await gauge('curfew_redis_listening', 1)
  await client.sendCommand(['ACL', 'SETUSER', 'curfew', '-subscribe'])
  await client.sendCommand(['CLIENT', 'KILL', 'USER', 'curfew'])
  await gauge('curfew_redis_listening', 0)
  await gauge('curfew_redis_up', 1)
  expect(curfew.log()).toContain('no messages are heard')
})

test('scenarios G05: nothing-readable: Redis sees no token, no user, no claim', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const client = await connected(redis)
  const messages: string[] = []
  await (await connected(redis)).pSubscribe('*', (message) => messages.push(message))
  const commands: string[] = []
  await (await connected(redis)).monitor((command) => commands.push(String(command)))
  const curfew = await serve({ redis: redis.url }, 'postgres')
  const secrets: string[] = []
  for (let n = 0; n < 5; n++) {
    const uid = `${freshUid()}@reader.example`
    const body = { uid, device: 'web', client_id: publicClient, claims: { team: 'red-kites' } }
    const login = await curfew.api.start({ ...body, device_name: 'telephone of Erika' })
    const next = await curfew.api.refreshed(login, publicClient)
    for (const each of [login, next]) {
      secrets.push(each.accessToken, each.refreshToken, each.sessionToken)
    }
    secrets.push(uid, String(next.accessToken.split('.')[2]))
    await curfew.api.logout(next.accessToken)
  }
  const kept = async () => ((await client.get('curfew:head')) ?? '').includes(' 5 ') || undefined
  await eventually(kept)
  await eventually(() => messages.length >= 5 || undefined)
  const values: string[] = []
  for await (const keys of client.scanIterator()) {
    for (const key of keys) values.push(key, String(await client.dump(key)))
  }
  const seen = [...messages, ...commands, ...values].join('\n')
  expect(seen).toContain('auth:revoked')
  for (const secret of [...secrets, 'red-kites', 'Erika', 'reader.example', publicClient]) {
    if (secret !== '') expect(seen.includes(secret), secret).toBe(false)
  }
  for (const message of messages.filter((each) => each.startsWith('{'))) {
    expect(Object.keys(JSON.parse(message) as object)).toEqual([
      'epoch',
      'seq',
      'jti',
      'sid',
      'exp',
    ])
  }
}, 120_000)

describe('curfew check', () => {
  const secret = newSecret()
  let stage: Stage
  beforeAll(async () => {
    stage = await openStage('sqlite')
  })
  afterAll(() => stage?.remove())

  async function check(redis: unknown): Promise<{ code: number | null; out: string }> {
    const file = join(stage.folder, 'curfew.yaml')
    const server = { publicUrl: 'https://auth.example.com' }
    const config = { server, store: stage.storeUrl, secrets: [secret], redis }
    writeFileSync(file, stringify(config))
    const run = await runCommand(['check', '--config', file], { cwd: stage.folder })
    expect(run.stdout + run.stderr).not.toContain(password)
    expect(run.stdout + run.stderr).not.toMatch(/\n\s+at /)
    return { code: run.code, out: run.stdout + run.stderr }
  }

  async function fresh(options: RedisOptions = {}): Promise<Redis> {
    const redis = await startRedis(options)
    onTestFinished(() => redis.stop())
    return redis
  }

  test('approves of a server that does all that is asked, with the documented rights', async () => {
    const { redis, url } = await serverWithUser()
    const good = await check(url)
    expect(good).toMatchObject({ code: 0 })
    expect(good.out).toContain(`ok       Redis at 127.0.0.1:${redis.port}`)
  })

  test('fails for what is wrong, and never shows the password', async () => {
    const redis = await fresh({ args: ['--requirepass', `${password}-of-old`] })
    const { code, out } = await check(redis.url.replace('://', `://:${password}@`))
    expect(out).toMatch(/problem {2}Redis at .*: the user name or the password is wrong/)
    expect(code).toBe(1)
  })

  test('says of one server what is wrong and what to do', async () => {
    const plain = await fresh({ args: ['--requirepass', password] })
    const tls = await fresh({ tls: true })
    const gone = await freePort()
    const { client, url } = await serverWithUser()
    await client.sendCommand(['ACL', 'SETUSER', 'curfew', '-publish'])
    const known = new Secret(plain.url.replace('://', `://:${password}@`))
    const sentinels = { master: 'm', nodes: [known], username: null, password: null }
    const house = { keyPrefix: 'curfew:', ca: null }
    const cases: readonly (readonly [redis: RedisConfig, problem: RegExp])[] = [
      [single(`redis://127.0.0.1:${gone}`), /nobody listens there/],
      [single(plain.url.replace('://', '://:wrong@')), /the user name or the password is wrong/],
      [single(plain.url), /it wants a password/],
      [single(plain.url.replace('redis:', 'rediss:')), /if it does not speak TLS, write redis:/],
      [single(tls.url.replace('rediss:', 'redis:')), /if it wants TLS, write rediss/],
      [single(tls.url), /signed by nobody that is trusted here; set redis.ca/],
      [single(url), /the user lacks a right.*publish/],
      [{ kind: 'cluster', urls: [known], ...house }, /it is no node of a cluster/],
      [{ kind: 'sentinel', ...sentinels, ...house }, /it is no sentinel/],
    ]
    const options = { channels: ['auth:revoked', 'curfew:sessions'], trialMs: 3000 }
    for (const [redis, problem] of cases) {
      const [trial] = await tryRedis(redis, options)
      expect(trial?.problem).toMatch(problem)
      expect(trial?.problem).not.toContain(password)
    }
    const good = await tryRedis(single(tls.url, { ca: privateAuthority }), options)
    expect(good.map(({ problem }) => problem)).toEqual([null])
  })

  test('tries every node of a cluster, and says when it is down', async () => {
    const cluster = await startRedisCluster()
    onTestFinished(() => cluster.stop())
    const urls = cluster.masters.map(({ url }) => url)
    expect(await check({ cluster: urls })).toMatchObject({ code: 0 })
    expect((await check(urls[0])).out).toMatch(/it is a node of a cluster; write \{cluster/)
    await cluster.masters[2]?.kill()
    const { code, out } = await check({ cluster: urls })
    expect(code).toBe(1)
    expect(out).toMatch(/nobody listens there/)
  }, 240_000)

  test('tries the sentinels and the master that they name', async () => {
    const service = await startRedisSentinel()
    onTestFinished(() => service.stop())
    const { masterName, sentinel } = service
    const nodes = [sentinel.url]
    const good = await check({ sentinel: { master: masterName, nodes } })
    expect(good).toMatchObject({ code: 0 })
    expect(good.out).toContain(`ok       the master ${masterName}`)
    const { out } = await check({ sentinel: { master: 'other', nodes } })
    expect(out).toMatch(/problem {2}the sentinel at .*it watches no master named other/)
  }, 120_000)
})
