/*
 * The limit of an answer that has to be asked for elsewhere: node:http that looks at nothing of the request,
 * gets one value by its key, from Redis or PostgreSQL, and writes what Curfew answered, byte for byte.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import type { BareSettings } from '../gateway/bare-node.ts'
import { BareRedis } from './bare-redis.ts'

export interface BackedSettings extends BareSettings {
  readonly backing: Backing
}

/** The keys are asked for in turn; each has to be there. */
export type Backing =
  | { readonly kind: 'redis'; readonly port: number; readonly keys: readonly string[] }
  | {
      readonly kind: 'postgres'
      readonly url: string
      readonly connections: number
      readonly keys: readonly string[]
    }

type Get = (key: string) => Promise<boolean>

async function openBacking(backing: Backing): Promise<Get> {
  if (backing.kind === 'redis') {
    const redis = await BareRedis.open(backing.port)
    return async (key) => (await redis.get(key)) !== null
  }
  const max = backing.connections
  const pool = new pg.Pool({ connectionString: backing.url, max, idleTimeoutMillis: 0 })
  // Idle connections hear of the server's stop before they are closed.
  pool.on('error', () => undefined)
  const named = { name: 'backed', text: 'select * from sessions where sid = $1' }
  return async (key) => (await pool.query({ ...named, values: [key] })).rowCount === 1
}

process.once('message', async ({ headers, keepAliveTimeoutMs, backing }: BackedSettings) => {
  const get = await openBacking(backing)
  const flat = [...headers]
  let turn = 0
  const server = createServer(async (_, response) => {
    const key = backing.keys[turn++ % backing.keys.length] ?? ''
    // An answer that is no 200 ends the bench: what was to be got is not there.
    response.writeHead((await get(key)) ? 200 : 404, flat)
    response.end('')
  })
  server.keepAliveTimeout = keepAliveTimeoutMs
  server.listen(0, '127.0.0.1', () => {
    process.send?.((server.address() as AddressInfo).port)
  })
})
process.once('disconnect', () => process.exit())
