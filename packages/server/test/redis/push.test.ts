/* Ends told over Redis by a real server: to the SDK, to other replicas, from the command line. */
import {
  createVerifier,
  isVerifyError,
  type Verifier,
  type VerifierOptions,
} from '@curfew/verifier'
import { redisPush } from '@curfew/verifier/redis'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import {
  asList,
  asObject,
  type Curfew,
  clients,
  cursorOf,
  eventually,
  freshUid,
  type Login,
  runCommand,
  startCurfew,
  stores,
} from '#test/harness/index.ts'
import { type Redis, startRedis } from '../services/index.ts'
import { connected, listen, listeners, metricsOf } from './listener.ts'

const audience = 'https://api.example.com'
/** Tests that start several processes of their own, on a machine that is busy. */
const processesMs = 240_000

/** Without push it would learn of an end in an hour. */
async function verifierOf(
  { issuer, url }: Curfew,
  options: Partial<VerifierOptions> = {},
): Promise<Verifier> {
  const { id: clientId, secret: clientSecret } = clients.satellite
  const verifier = await createVerifier({
    ...{ issuer, url, audience, clientId, clientSecret, stream: false },
    ...{ pullInterval: '1h', maxStaleness: '2h' },
    ...options,
  } as VerifierOptions)
  onTestFinished(() => verifier.close())
  return verifier
}

async function verdict(verifier: Verifier, { accessToken }: Login): Promise<string> {
  return await verifier.verify(accessToken).then(
    () => 'good',
    (error: unknown) => (isVerifyError(error) ? error.code : `${error}`),
  )
}

describe.each(stores)('push over Redis, on %s', (store) => {
  let redis: Redis
  let curfew: Curfew
  beforeAll(async () => {
    redis = await startRedis()
    curfew = await startCurfew({ store, config: { redis: redis.url } })
  })
  afterAll(async () => {
    await curfew?.close()
    await redis?.stop()
  })

  const login = (): Promise<Login> =>
    curfew.api.start({ uid: freshUid(), device: 'web', roles: ['pilot'] })

  test('a logout aborts the signal of a verifier elsewhere by the message of the server itself', async () => {
    const verifier = await verifierOf(curfew)
    const client = await connected(redis)
    const before = await listeners(client)
    const push = redisPush(verifier, client)
    onTestFinished(() => push.close())
    await eventually(async () => (await listeners(client)) > before || undefined)
    const [leaver, other] = [await login(), await login()]
    const [gone, spared] = [
      await verifier.verify(leaver.accessToken),
      await verifier.verify(other.accessToken),
    ]
    expect((await curfew.api.logout(leaver.accessToken)).status).toBe(200)
    await eventually(() => gone.signal.aborted || undefined)
    expect(gone.signal.reason).toMatchObject({ code: 'ended', status: 401 })
    expect(await verdict(verifier, leaver)).toBe('ended')
    expect([spared.signal.aborted, await verdict(verifier, other)]).toEqual([false, 'good'])
    expect(verifier.metrics.hints).toBe(1)
  })

  test('scenario S104: a message comes after the commit and is the entry of the feed, for every way to end', async () => {
    const committed: Promise<unknown>[] = []
    const heard = await listen(redis, 'auth:revoked', (message) => {
      const { sid } = JSON.parse(message) as { sid: string }
      committed.push(curfew.stage.execute(`select revoked_at from sessions where sid = '${sid}'`))
    })
    const since = await curfew.api.head()
    const uid = freshUid()
    const start = (device: string) => curfew.api.start({ uid, device, roles: ['pilot'] })
    const [one, , replaced] = [await start('web'), await start('web'), await start('app')]
    await curfew.api.logout(one.accessToken)
    await start('app')
    await curfew.api.post(`/users/${uid}/revoke`, { as: clients.operator })
    const answer = await curfew.api.feed({ since, all: true })
    const entries = asList(answer.json).map((entry) => asObject(entry))
    expect(entries).toHaveLength(4)
    await eventually(() => heard.messages.length === 4 || undefined)
    const [epoch, first] = since.split('.')
    expect(heard.ends()).toEqual(
      entries.map(({ jti, sid, exp }, index) => {
        return { epoch, seq: Number(first) + 1 + index, jti, sid, exp }
      }),
    )
    expect(cursorOf(answer)).toBe(`${epoch}.${Number(first) + 4}`)
    expect((await heard.of(replaced.sid)).jti).toEqual(expect.any(String))
    for (const rows of await Promise.all(committed)) {
      expect(rows).toEqual([{ revoked_at: expect.anything() }])
    }
  })

  test('scenario S104: a session that has ended already is not told again, and a message twice harms nobody', async () => {
    const heard = await listen(redis)
    const client = await connected(redis)
    const verifier = await verifierOf(curfew)
    const told: string[] = []
    verifier.on('ended', ({ sid }) => told.push(sid))
    const push = redisPush(verifier, client)
    onTestFinished(() => push.close())
    await eventually(async () => (await listeners(client)) >= 3 || undefined)
    const leaver = await login()
    await verifier.verify(leaver.accessToken)
    await curfew.api.logout(leaver.accessToken)
    await curfew.api.logout(leaver.accessToken)
    const message = JSON.stringify(await heard.of(leaver.sid))
    await client.publish('auth:revoked', message)
    await client.publish('auth:revoked', message)
    await eventually(() => heard.messages.length === 3 || undefined)
    expect(heard.messages).toEqual([message, message, message])
    await eventually(() => verifier.metrics.hints === 3 || undefined)
    expect(told).toEqual([leaver.sid])
    expect(await verdict(verifier, leaver)).toBe('ended')
    expect((await curfew.api.get('/readyz')).status).toBe(200)
  })

  test(
    'scenario S104: with the push lost the next pull has it',
    async () => {
      const own = await startRedis()
      onTestFinished(() => own.stop())
      const other = await startCurfew({ store, config: { redis: own.url } })
      onTestFinished(() => other.close())
      const verifier = await verifierOf(other, { pullInterval: '200ms' })
      const client = await connected(own)
      const push = redisPush(verifier, client)
      onTestFinished(() => push.close())
      const leaver = await other.api.start({ uid: freshUid(), device: 'web' })
      const session = await verifier.verify(leaver.accessToken)
      await own.kill()
      expect((await other.api.logout(leaver.accessToken)).body).toMatchObject({ revoked: true })
      await eventually(() => session.signal.aborted || undefined)
      expect(await verdict(verifier, leaver)).toBe('ended')
      expect(verifier.metrics.hints).toBe(0)
      expect((await metricsOf(other)).get('curfew_push_total{result="failed"}')).toBe(1)
    },
    processesMs,
  )

  test(
    'another channel by configuration',
    async () => {
      const other = await startCurfew({
        store,
        config: { redis: redis.url, revocation: { channel: 'my:ends' } },
      })
      onTestFinished(() => other.close())
      const heard = await listen(redis, 'my:ends')
      const client = await connected(redis)
      await eventually(async () => (await listeners(client, 'my:ends')) === 2 || undefined)
      const leaver = await other.api.start({ uid: freshUid(), device: 'web' })
      await other.api.logout(leaver.accessToken)
      expect(await heard.of(leaver.sid)).toMatchObject({ seq: 1 })
    },
    processesMs,
  )

  test(
    'what the command line ends is told, too',
    async () => {
      const heard = await listen(redis)
      const uid = freshUid()
      const one = await curfew.api.start({ uid, device: 'web' })
      const [two, three] = [
        await curfew.api.start({ uid, device: 'web' }),
        await curfew.api.start({ uid, device: 'web' }),
      ]
      const run = (...args: string[]) =>
        runCommand([...args, '--config', curfew.configFile], { cwd: curfew.stage.folder })
      expect(await run('sessions', 'revoke', one.sid)).toMatchObject({ code: 0, stderr: '' })
      expect(await heard.of(one.sid)).toMatchObject({ sid: one.sid })
      expect(await run('users', 'revoke', uid)).toMatchObject({ code: 0, stderr: '' })
      for (const { sid } of [two, three]) expect(await heard.of(sid)).toMatchObject({ sid })
      // A command that ends nothing does not ask for Redis at all.
      expect(await run('sessions', 'revoke', one.sid)).toMatchObject({ code: 0, stderr: '' })
      expect(heard.messages).toHaveLength(3)
    },
    processesMs,
  )

  test(
    'rule 35 stale: a command waits a while for Redis, says so, and has ended the session',
    async () => {
      const own = await startRedis()
      onTestFinished(() => own.stop())
      const other = await startCurfew({ store, config: { redis: own.url } })
      onTestFinished(() => other.close())
      const [one, two] = [
        await other.api.start({ uid: freshUid(), device: 'web' }),
        await other.api.start({ uid: freshUid(), device: 'web' }),
      ]
      const revoke = (sid: string) =>
        runCommand(['sessions', 'revoke', sid, '--config', other.configFile], {
          cwd: other.stage.folder,
        })
      own.pause()
      const paused = await revoke(one.sid)
      await own.kill()
      const killed = await revoke(two.sid)
      for (const { code, stderr } of [paused, killed]) {
        expect(code).toBe(0)
        expect(stderr).toMatch(/^curfew: 1 end\(s\) were not told over Redis/)
      }
      expect(await other.api.works(one.accessToken)).toBe(false)
      expect(await other.api.works(two.accessToken)).toBe(false)
    },
    processesMs,
  )
})
