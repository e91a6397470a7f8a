/*
 * From the answer of `POST /logout` to the abort of the session's signal in another process: over the
 * event stream, over Redis, and with push off. The message on Redis is published from here, right after
 * the answer, for as long as the server does not publish by itself.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createVerifier, type Session, type Verifier } from '@curfew/verifier'
import { redisPush } from '@curfew/verifier/redis'
import { createClient } from 'redis'
import { Api, freshUid } from '../../../packages/server/test/harness/api.ts'
import { clients, defaultConfig, merge } from '../../../packages/server/test/harness/config.ts'
import { runServer } from '../../../packages/server/test/harness/process.ts'
import { freePort, startRedis, tempFolder } from '../../../packages/server/test/services/index.ts'
import { ascending, percentile } from '../measure/statistics.ts'

export interface Reach {
  readonly channel: string
  readonly count: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

const channel = 'auth:revoked'
const logouts = 300
const pullMs = 1000

export async function measureReach(): Promise<readonly Reach[]> {
  const curfew = await serve()
  const redis = await startRedis()
  try {
    return [await overStream(curfew), await overRedis(curfew, redis.url), await overPull(curfew)]
  } finally {
    await redis.stop()
    await curfew.stop()
  }
}

interface Curfew {
  readonly issuer: string
  readonly api: Api
  stop(): Promise<void>
}

/** A server of its own on an embedded store. */
async function serve(): Promise<Curfew> {
  const folder = tempFolder('curfew-reach-')
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const server = { publicUrl: issuer, listen: `127.0.0.1:${port}` }
  const store = `sqlite:${join(folder.path, 'curfew.db')}`
  const file = join(folder.path, 'curfew.yaml')
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(merge(defaultConfig(), { server, store })))
  const running = runServer(['serve', '--config', file], { cwd: folder.path })
  await running.listening
  return {
    issuer,
    api: new Api(() => issuer),
    async stop() {
      running.signal('SIGTERM')
      await running.ended
      folder.remove()
    },
  }
}

function verifierOf({ issuer }: Curfew, stream: boolean, pullInterval: '1s' | '1h') {
  const { id: clientId, secret: clientSecret } = clients.satellite
  const audience = 'https://api.example.com'
  const more = { stream, pullInterval, maxStaleness: '2h' } as const
  return createVerifier({ issuer, audience, clientId, clientSecret, ...more })
}

async function overStream(curfew: Curfew): Promise<Reach> {
  const verifier = await verifierOf(curfew, true, '1h')
  while (!verifier.metrics.streamOpen) await pause(10)
  return await reach({
    channel: 'server-sent events',
    curfew,
    verifier,
    after: async () => undefined,
  })
}

async function overRedis(curfew: Curfew, url: string): Promise<Reach> {
  const verifier = await verifierOf(curfew, false, '1h')
  const publisher = createClient({ url })
  await publisher.connect()
  const push = redisPush(verifier, publisher, { channel })
  while (Object.values(await publisher.pubSubNumSub([channel]))[0] !== 1) await pause(10)
  let [epoch = '', seq = ''] = (verifier.status.cursor ?? '').split('.')
  const after = async (sid: string): Promise<void> => {
    ;[epoch = '', seq = ''] = (verifier.status.cursor ?? '').split('.')
    const message = { epoch, seq: Number(seq) + 1, jti: null, sid, exp: 4_000_000_000 }
    await publisher.publish(channel, JSON.stringify(message))
  }
  const result = await reach({ channel: 'Redis', curfew, verifier, after })
  push.close()
  publisher.destroy()
  return result
}

async function overPull(curfew: Curfew): Promise<Reach> {
  const verifier = await verifierOf(curfew, false, '1s')
  const what = `push off, pull every ${pullMs} ms`
  return await reach({ channel: what, curfew, verifier, after: async () => undefined })
}

interface Course {
  readonly channel: string
  readonly curfew: Curfew
  readonly verifier: Verifier
  /** What follows the answer. */
  readonly after: (sid: string) => Promise<void>
}

async function reach({ channel: name, curfew, verifier, after }: Course): Promise<Reach> {
  const count = name.startsWith('push off') ? logouts / 10 : logouts
  const takenMs: number[] = []
  for (let n = 0; n < count; n++) {
    const { accessToken, sid } = await curfew.api.start({ uid: freshUid(), device: 'web' })
    const aborted = abortOf(await verifier.verify(accessToken))
    await curfew.api.logout(accessToken)
    const answeredAt = performance.now()
    await after(sid)
    // It may be there before the answer is.
    takenMs.push(Math.max((await aborted) - answeredAt, 0))
  }
  await verifier.close()
  takenMs.sort(ascending)
  const [p50Ms, p99Ms, maxMs] = [0.5, 0.99, 1].map((share) => percentile(takenMs, share))
  return { channel: name, count, p50Ms: p50Ms ?? 0, p99Ms: p99Ms ?? 0, maxMs: maxMs ?? 0 }
}

function abortOf({ signal }: Session): Promise<number> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(performance.now()), { once: true })
  })
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
