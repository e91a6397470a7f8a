/* The SDK against real servers: what a service learns of an end, and when (API.md, section 10). */
import {
  createVerifier,
  isVerifyError,
  type Session,
  type Verifier,
  type VerifierOptions,
} from '@curfew/verifier'
import { defaultTiming } from '@curfew/verifier/feed'
import { redisPush } from '@curfew/verifier/redis'
import { createClient } from 'redis'
import { afterEach, describe, expect, test } from 'vitest'
import {
  type Api,
  type Curfew,
  clients,
  eventually,
  freshUid,
  type Login,
  runCommand,
  stores,
  useCurfew,
  withCurfew,
} from '#test/harness/index.ts'
import { startRedis } from '../services/index.ts'

const audience = 'https://api.example.com'
const hour = '1h'

let open: Verifier[] = []
afterEach(async () => {
  await Promise.all(open.map((verifier) => verifier.close()))
  open = []
})

async function verifierOf(
  { issuer, url }: Pick<Curfew, 'issuer' | 'url'>,
  options: Partial<VerifierOptions> = {},
): Promise<Verifier> {
  const { id: clientId, secret: clientSecret } = clients.satellite
  const credentials = { clientId, clientSecret }
  const common = { issuer, url, audience, maxStaleness: hour, pullInterval: hour } as const
  const verifier = await createVerifier({
    ...common,
    ...credentials,
    ...options,
  } as VerifierOptions)
  open.push(verifier)
  return verifier
}

function login(api: Api): Promise<Login> {
  return api.start({ uid: freshUid(), device: 'web', roles: ['pilot'] })
}

async function verdict(verifier: Verifier, token: string): Promise<string> {
  return await verifier.verify(token).then(
    () => 'good',
    (error: unknown) => (isVerifyError(error) ? error.code : `${error}`),
  )
}

function aborted({ signal }: Session): Promise<unknown> {
  return eventually(() => (signal.aborted ? signal.reason : undefined), { what: 'the abort' })
}

describe.each(stores)('a verifier beside a server on %s', (store) => {
  const house = useCurfew({ store })
  const { api } = house

  test('verifies what the server signs, and refuses it once the session has ended, by the stream', async () => {
    const verifier = await verifierOf(house.curfew)
    const { accessToken, sid, uid } = await login(api)
    const session = await verifier.verify(accessToken)
    expect(session).toMatchObject({ sid, sub: uid, roles: ['pilot'] })
    await eventually(() => verifier.metrics.streamOpen || undefined)
    const told: string[] = []
    verifier.on('ended', (event) => told.push(event.sid))
    await api.logout(accessToken)
    expect(await aborted(session)).toMatchObject({ code: 'ended', status: 401 })
    expect(await verdict(verifier, accessToken)).toBe('ended')
    expect(told).toEqual([sid])
    expect(verifier.metrics).toMatchObject({ pulls: 1, streamed: 1 })
  })

  test('without a push an end costs one pull at most', async () => {
    const verifier = await verifierOf(house.curfew, { stream: false, pullInterval: '200ms' })
    const { accessToken } = await login(api)
    const session = await verifier.verify(accessToken)
    await api.logout(accessToken)
    await aborted(session)
    expect(await verdict(verifier, accessToken)).toBe('ended')
  })

  test('rule 20 Redis is not trusted: a message on Redis is a hint that the feed confirms, or not', async () => {
    const redis = await startRedis()
    const publisher = createClient({ url: redis.url })
    publisher.on('error', () => undefined)
    await publisher.connect()
    const verifier = await verifierOf(house.curfew, { stream: false })
    const push = redisPush(verifier, publisher, { channel: 'test:revoked' })
    try {
      const listening = async () =>
        Object.values(await publisher.pubSubNumSub(['test:revoked']))[0] === 1 || undefined
      await eventually(listening)
      const [victim, leaver] = [await login(api), await login(api)]
      const spared = await verifier.verify(victim.accessToken)
      const gone = await verifier.verify(leaver.accessToken)
      const [epoch, seq] = (await api.head()).split('.')
      const message = (sid: string, number: number) =>
        JSON.stringify({ epoch, seq: number, jti: null, sid, exp: 4_000_000_000 })
      await publisher.publish('test:revoked', message(victim.sid, 1_000_000))
      await eventually(() => verifier.metrics.hints === 1 || undefined)
      await eventually(() => verifier.peek(victim.accessToken))
      expect(spared.signal.aborted).toBe(false)
      await api.logout(leaver.accessToken)
      await publisher.publish('test:revoked', message(leaver.sid, Number(seq) + 1))
      expect(await aborted(gone)).toMatchObject({ code: 'ended' })
      // A connection that was lost has missed messages: the next one begins with a pull.
      const missed = await login(api)
      const session = await verifier.verify(missed.accessToken)
      await redis.kill()
      await api.logout(missed.accessToken)
      await redis.start()
      await aborted(session)
    } finally {
      push.close()
      push.close()
      publisher.destroy()
      await redis.stop()
    }
  })

  test('long streams: all=true, a signal outlives its token and aborts at the end of the session', async () => {
    await withCurfew({ store }, async (curfew) => {
      const [lasting, short] = [
        await verifierOf(curfew),
        await verifierOf(curfew, { streams: 'untilExpiry' }),
      ]
      const { accessToken, sid } = await login(curfew.api)
      const [until, brief] = [await lasting.verify(accessToken), await short.verify(accessToken)]
      expect([until.signal.aborted, brief.signal.aborted]).toEqual([false, false])
      await curfew.advanceClock(600_000)
      for (const verifier of [lasting, short]) verifier.hint()
      await eventually(() => (brief.signal.aborted ? true : undefined))
      expect(brief.signal.reason).toMatchObject({ code: 'expired' })
      expect(await verdict(lasting, accessToken)).toBe('expired')
      expect(until.signal.aborted).toBe(false)
      await curfew.api.post(`/sessions/${sid}/revoke`, { as: clients.operator })
      expect(await aborted(until)).toMatchObject({ code: 'ended' })
    })
  })

  test('survives a server that goes and comes back, and misses nothing', async () => {
    await withCurfew({ store }, async (curfew) => {
      const verifier = await verifierOf(curfew, { pullInterval: '100ms', maxStaleness: '1s' })
      const [dead, live] = [await login(curfew.api), await login(curfew.api)]
      await verifier.verify(live.accessToken)
      await curfew.stop()
      await eventually(async () =>
        (await verdict(verifier, live.accessToken)) === 'stale' ? true : undefined,
      )
      expect(verifier.peek(live.accessToken)).toBeUndefined()
      const next = await curfew.restart()
      expect((await next.api.logout(dead.accessToken)).status).toBe(200)
      for (const [{ accessToken }, wanted] of [
        [live, 'good'],
        [dead, 'ended'],
      ] as const) {
        await eventually(async () =>
          (await verdict(verifier, accessToken)) === wanted ? true : undefined,
        )
      }
    })
  })

  test('finds a key that is new, with one look', async () => {
    const config = { tokens: { keyActivationDelay: '0s' } }
    await withCurfew({ store, config }, async (curfew) => {
      // Half a minute must pass between two looks.
      let passedMs = 0
      const monotonicMs = (): number => performance.now() + passedMs
      const verifier = await verifierOf(curfew, { timing: { ...defaultTiming(), monotonicMs } })
      passedMs = 31_000
      const before = await login(curfew.api)
      expect(await verdict(verifier, before.accessToken)).toBe('good')
      const rotated = await runCommand(['keys', 'rotate', '--now', '--config', curfew.configFile], {
        cwd: curfew.stage.folder,
      })
      expect(rotated.code, rotated.stderr).toBe(0)
      const kidOf = (token: string) => atob(token.split('.')[0] ?? '')
      const after = await eventually(async () => {
        const next = await login(curfew.api)
        return kidOf(next.accessToken) === kidOf(before.accessToken) ? undefined : next
      })
      const verdicts = await Promise.all(
        Array.from({ length: 20 }, () => verdict(verifier, after.accessToken)),
      )
      expect(new Set(verdicts)).toEqual(new Set(['good']))
      expect(verifier.metrics.keyFetches).toBe(2)
      expect(await verdict(verifier, before.accessToken)).toBe('good')
    })
  })
})
