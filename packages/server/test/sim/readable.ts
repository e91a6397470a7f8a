/* nothing-readable: neither the database nor Redis nor a log nor a metric holds anything that can be presented. */
import { createClient } from 'redis'
import type { Town } from './town.ts'

/** So much of a token is enough to know it by; of the parts that matter it is the end. */
const needleLength = 20

/** Everything that was handed out, in every form in which it could stand somewhere. */
export class Needles {
  readonly #needles = new Map<string, string>()
  #count = 0

  get count(): number {
    return this.#count
  }

  add(name: string, secret: string): void {
    if (secret.length < needleLength) return
    this.#count += 1
    for (const form of formsOf(secret)) this.#needles.set(form.slice(-needleLength), name)
  }

  /** The names of those that stand in the text. */
  in(text: string): readonly string[] {
    const found = new Set<string>()
    for (let from = 0; from + needleLength <= text.length; from++) {
      const name = this.#needles.get(text.slice(from, from + needleLength))
      if (name !== undefined) found.add(name)
    }
    return [...found]
  }
}

function formsOf(secret: string): readonly string[] {
  const hex = Buffer.from(secret).toString('hex')
  const body = /^cf[rs]_(.+)$/.exec(secret)?.[1] ?? (secret.includes('.') ? undefined : secret)
  if (body === undefined) return [secret, hex]
  // The message authentication code alone would do for whoever knows how tokens are made.
  const code = Buffer.from(body, 'base64url').subarray(-16)
  return [secret, hex, code.toString('hex'), code.toString('base64'), code.toString('latin1')]
}

/** Where something could be found, as text; one place after the other, because each may be large. */
export async function* placesOf({
  stage,
  redis,
  replicas,
}: Town): AsyncGenerator<readonly [place: string, text: string]> {
  yield ['the database', await stage.dump()]
  yield ['Redis', await contentsOf(redis.url)]
  for (const replica of replicas) {
    yield [`the log of ${replica.name}`, replica.log()]
    yield [`the metrics of ${replica.name}`, (await replica.api.get('/metrics')).text]
  }
}

async function contentsOf(url: string): Promise<string> {
  const client = createClient({ url })
  client.on('error', () => undefined)
  await client.connect()
  const parts: string[] = []
  try {
    for await (const keys of client.scanIterator({ COUNT: 1000 })) {
      for (const key of keys) parts.push(key, (await client.get(key).catch(() => null)) ?? '')
    }
  } finally {
    client.destroy()
  }
  return parts.join('\n')
}
