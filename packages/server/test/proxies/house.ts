/*
 * A real `curfew serve` on SQLite with the configuration that examples/README.md shows and nothing else:
 * the provider, the proxy's address, and a few rules for the application's host. All the rest is default.
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { stringify } from 'yaml'
import {
  type JsonObject,
  merge,
  newSecret,
  runServer,
  type ServerProcess,
} from '#test/harness/index.ts'
import { type ScriptableProvider, startScriptableProvider } from '#test/oidc/scriptable-provider.ts'
import { tempFolder } from '../services/index.ts'
import { appHost, authHost } from './proxy.ts'

export type House = {
  readonly port: number
  readonly storeFile: string
  readonly provider: ScriptableProvider
  log(): string
  close(): Promise<void>
}

export const publicUrl = `https://${authHost}`
export const app = `https://${appHost}`

/** What the corpora of odd requests know of: open to everybody, for ops alone, for whoever is signed in. */
const rules = [
  { hosts: [appHost], paths: ['/public/**'], require: 'none' },
  { hosts: [appHost], paths: ['/admin', '/admin/**'], require: { roles: ['ops'] } },
  { hosts: [appHost] },
]

async function openHouse(config: JsonObject): Promise<House> {
  const provider = await startScriptableProvider()
  const folder = tempFolder('curfew-house-')
  const storeFile = join(folder.path, 'curfew.db')
  const file = join(folder.path, 'curfew.yaml')
  writeFileSync(file, stringify(merge(defaults(provider, storeFile), config)))
  const server = runServer(['serve', '--config', file], { cwd: folder.path })
  const close = async (): Promise<void> => {
    await stop(server)
    await provider.close()
    folder.remove()
  }
  try {
    const port = Number(new URL(await server.listening).port)
    return { port, storeFile, provider, log: () => server.log(), close }
  } catch (error) {
    await close()
    throw error
  }
}

function defaults(provider: ScriptableProvider, storeFile: string): JsonObject {
  const { issuer, clientId, clientSecret } = provider
  return {
    server: { publicUrl, listen: '127.0.0.1:0', trustedProxies: ['127.0.0.1/32'] },
    store: `sqlite:${storeFile}`,
    secrets: [newSecret()],
    identityProviders: [{ id: 'main', issuer, clientId, clientSecret }],
    gateway: { rules },
  }
}

const stopWithinMs = 15_000

async function stop(server: ServerProcess): Promise<void> {
  server.signal('SIGTERM')
  const timer = setTimeout(() => server.signal('SIGKILL'), stopWithinMs)
  await server.ended
  clearTimeout(timer)
}

/** One for a whole file; `configure` is called when its time has come. */
export function useHouse(
  configure: () => Promise<JsonObject> | JsonObject = () => ({}),
): () => House {
  let house: House | undefined
  beforeAll(async () => {
    house = await openHouse(await configure())
  })
  afterAll(() => house?.close())
  return () => {
    if (house === undefined) throw new Error('the server has not been started yet')
    return house
  }
}
