/* What a test hears and keeps on Redis past the product, closed after the test. */
import { createClient } from 'redis'
import { onTestFinished } from 'vitest'
import { eventually } from '#test/harness/index.ts'
import type { Redis } from '../services/index.ts'

export type Client = ReturnType<typeof createClient>

export async function connected(redis: Redis): Promise<Client> {
  const client = createClient({ url: redis.url })
  client.on('error', () => undefined)
  await client.connect()
  onTestFinished(() => client.destroy())
  return client
}

export interface PushMessage {
  readonly epoch: string
  readonly seq: number
  readonly jti: string | null
  readonly sid: string
  readonly exp: number
}

export interface Listener {
  readonly messages: readonly string[]
  /** Those of ends, as they were published. */
  ends(): readonly PushMessage[]
  of(sid: string): Promise<PushMessage>
}

/** Everything that is published on a channel; `then` is told at once. */
export async function listen(
  redis: Redis,
  channel = 'auth:revoked',
  then: (message: string) => void = () => undefined,
): Promise<Listener> {
  const client = await connected(redis)
  const messages: string[] = []
  await client.subscribe(channel, (message) => {
    messages.push(message)
    then(message)
  })
  const ends = () => messages.map((message) => JSON.parse(message) as PushMessage)
  const of = (sid: string) =>
    eventually(() => ends().find((end) => end.sid === sid), { what: `the message of ${sid}` })
  return { messages, ends, of }
}

/** How many listen there, the servers among them. */
export async function listeners(client: Client, channel = 'auth:revoked'): Promise<number> {
  return Object.values(await client.pubSubNumSub([channel]))[0] ?? 0
}

/** Each series of a server's metrics by its name with labels. */
export async function metricsOf({
  url,
}: {
  readonly url: string
}): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const [name = '', value] = line.split(/ (?=\S+$)/)
      return [name, Number(value)]
    }),
  )
}
