/* Three servers on one database, two of them with Redis in front of it, and a floor for each backing. */
import { createClient } from 'redis'
import { startRedis } from '../../../packages/server/test/services/index.ts'
import { AskerClient } from '../gateway/asker-client.ts'
import {
  type CurfewGate,
  newSecret,
  sessionCookie,
  startCurfewGate,
} from '../gateway/curfew-gate.ts'
import { forkServer } from '../gateway/forked-server.ts'
import { answerOf, type Gatekeeper } from '../gateway/gatekeeper.ts'
import { assertSameAnswer, type GatewayPlace, signInProvider } from '../gateway/gateway-part.ts'
import { Copies } from '../store/copies.ts'
import type { BackedSettings, Backing } from './backed-node.ts'
import { databasePidsOf } from './database-pids.ts'

export interface ColdStage {
  /** Where sessions begin, and are asked about first. */
  readonly elsewhere: CurfewGate
  readonly overRedis: CurfewGate
  readonly overPostgres: CurfewGate
  readonly floors: { readonly redis: Gatekeeper; readonly postgres: Gatekeeper }
  readonly copies: Copies
  readonly asker: AskerClient
  readonly pids: { readonly database: () => readonly number[]; readonly redis: number }
}

/** As many as a server of Curfew opens for its requests. */
const floorConnections = 16
const floorKeys = 1000

export async function openColdStage(place: GatewayPlace): Promise<ColdStage> {
  const provider = await signInProvider(place)
  const redis = await startRedis()
  place.closing(() => redis.stop())
  const [store, secret] = [await place.database(), newSecret()]
  const start = async (url?: string): Promise<CurfewGate> => {
    const where = { provider, store, secrets: [secret], folder: place.folder }
    const gate = await startCurfewGate({ ...where, ...(url === undefined ? {} : { redis: url }) })
    place.closing(() => gate.server.stop())
    return gate
  }
  const elsewhere = await start(redis.url)
  const copies = await Copies.open(store, secret)
  place.closing(() => copies.close())
  const asker = AskerClient.start()
  place.closing(() => asker.stop())
  const gates = { elsewhere, overRedis: await start(redis.url), overPostgres: await start() }
  const floors = await startFloors(place, { ...gates, copies, asker, store, redis })
  const pids = { database: await databasePidsOf(store), redis: await redisPid(redis.url) }
  return { ...gates, floors, copies, asker, pids }
}

interface FloorScene {
  readonly elsewhere: CurfewGate
  readonly copies: Copies
  readonly asker: AskerClient
  readonly store: string
  readonly redis: { readonly url: string; readonly port: number }
}

async function startFloors(place: GatewayPlace, scene: FloorScene): Promise<ColdStage['floors']> {
  const { elsewhere, copies, asker, store, redis } = scene
  const sids = await copies.make(floorKeys)
  const [sid] = sids
  if (sid === undefined) throw new Error('a floor needs a session')
  const cookies = new Map([[sessionCookie, copies.token('cookie', sid)]])
  const model = { ...elsewhere.gatekeeper, request: elsewhere.asking(cookies) }
  const answer = await answerOf(model)
  const start = async (name: string, backing: Backing): Promise<Gatekeeper> => {
    const settings: BackedSettings = { ...answer, backing }
    const { pid, port, stop } = await forkServer('../replicas/backed-node.ts', settings)
    place.closing(stop)
    const request = model.request.replaceAll(`127.0.0.1:${model.port}`, `127.0.0.1:${port}`)
    const floor = { name, port, request, pids: () => [pid] }
    await assertSameAnswer(asker, model, floor)
    return floor
  }
  const keys = await fillLikeCurfew(redis.url)
  const connections = floorConnections
  return {
    redis: await start('bare node:http and GET', { kind: 'redis', port: redis.port, keys }),
    postgres: await start('bare node:http and SELECT', {
      ...{ kind: 'postgres', url: store, connections, keys: sids },
    }),
  }
}

/** Values as long as what a server keeps there of one session. */
async function fillLikeCurfew(url: string): Promise<readonly string[]> {
  const client = await createClient({ url }).connect()
  try {
    const [kept = ''] = await client.keys('*:s:*')
    const { length } = (await client.get(kept)) ?? ''
    if (length === 0) throw new Error('no server has kept a session in Redis')
    const keys = Array.from({ length: floorKeys }, (_, at) => `bench:${at}`)
    await Promise.all(keys.map((key) => client.set(key, 'x'.repeat(length))))
    return keys
  } finally {
    client.destroy()
  }
}

async function redisPid(url: string): Promise<number> {
  const client = await createClient({ url }).connect()
  const said = await client.info('server')
  client.destroy()
  return Number(/^process_id:(\d+)/m.exec(said)?.[1])
}
