/* Two replicas that share snapshots in a Redis of their own, which a test may freeze, crash, restore and write to. */
import { createClient } from '@redis/client'
import { asTraefik } from '#test/gateway/visitor.ts'
import { sendRaw } from '#test/gateway/wire.ts'
import { clients, type JsonObject, merge } from '#test/harness/index.ts'
import { type Redis, startRedis } from '#test/services/index.ts'
import { openPair, type Pair, type Player } from './pair.ts'
import type { Held } from './witness.ts'

const app = new URL('http://app.test/')

/** What forward auth said: the status, and the roles that it would hand on. */
export type Asked = { readonly status: number; readonly roles: string }

export type Sharing = {
  readonly pair: Pair
  readonly redis: Redis
  /** Nobody's client: it may do what it likes. */
  readonly stranger: Stranger
  /** What a proxy would ask for a request with this session's access token. */
  ask(replica: Player, held: Held): Promise<Asked>
  /** New roles for a session, by its administrator. */
  regrant(replica: Player, held: Held, roles: readonly string[]): Promise<void>
  metric(replica: Player, name: string): Promise<number>
  close(): Promise<void>
}

export class Stranger {
  readonly #url: string

  constructor(url: string) {
    this.#url = url
  }

  /** All sessions' values by key. */
  async look(): Promise<ReadonlyMap<string, string>> {
    return this.#with(async (client) => {
      const found = new Map<string, string>()
      for (const key of await client.keys('*:s:*')) {
        const value = await client.get(key)
        if (value !== null) found.set(key, value)
      }
      return found
    })
  }

  /** Over whatever is there, without an end. */
  async put(values: ReadonlyMap<string, string>): Promise<void> {
    await this.#with(async (client) => {
      for (const [key, value] of values) await client.set(key, value)
    })
  }

  async send(...command: readonly string[]): Promise<void> {
    await this.#with((client) => client.sendCommand([...command]))
  }

  async #with<Result>(act: (client: Client) => Promise<Result>): Promise<Result> {
    const client = clientOf(this.#url)
    await client.connect()
    try {
      return await act(client)
    } finally {
      client.destroy()
    }
  }
}

type Client = ReturnType<typeof clientOf>

function clientOf(url: string) {
  return createClient({ url })
}

export type SharingOptions = {
  readonly config?: JsonObject
  /** Nothing that is published on Redis arrives, nor what PostgreSQL notifies of. */
  readonly deaf?: boolean
}

export async function openSharing({ config = {}, deaf = false }: SharingOptions): Promise<Sharing> {
  // By itself it saves nothing; SAVE does, and it starts with what was saved last.
  const redis = await startRedis({ args: deafUser })
  const stranger = new Stranger(redis.url)
  const url = deaf ? redis.url.replace('redis://', 'redis://deaf:deaf@') : redis.url
  const pair = await openPair({ config: merge(merge(defaults, { redis: url }), config) })
  for (const { wire } of pair.both) wire.deaf = deaf
  return {
    pair,
    redis,
    stranger,
    ask: async ({ curfew }, { accessToken }) => {
      const headers = [...asTraefik(app), ['Authorization', `Bearer ${accessToken}`] as const]
      const asked = new URL(`${curfew.url}/forward-auth?mode=traefik`)
      const reply = await sendRaw(asked, { method: 'GET', headers })
      return { status: reply.status, roles: reply.headers['x-roles'] ?? '' }
    },
    regrant: async ({ api }, { sid }, roles) => {
      const answer = await api.patch(`/sessions/${sid}`, { as: clients.operator, json: { roles } })
      if (answer.status !== 200) throw new Error(`PATCH /sessions/${sid}: ${answer.brief}`)
    },
    metric: async ({ api }, name) => {
      const { text } = await api.get('/metrics')
      const line = text.split('\n').find((one) => one.startsWith(`${name} `))
      return Number(line?.slice(name.length + 1) ?? Number.NaN)
    },
    close: async () => {
      await pair.close()
      await redis.stop()
    },
  }
}

/** May do all but use channels; known from the start, so that a restart does not lose it. */
const deafUser = ['--user', 'deaf', 'on', '>deaf', '~*', '+@all', 'resetchannels']

const defaults: JsonObject = {
  server: { trustedProxies: ['127.0.0.1/32'] },
  gateway: {
    rules: [{ hosts: [app.host], require: 'session', headers: { 'X-Roles': '{{ roles }}' } }],
  },
}
