import type { RedisConfig } from '#config'
import { Secret } from '#domain'
import { connectPlain, type RedisAddress, within } from './redis-client.ts'
import { redisFault } from './redis-faults.ts'

const defaultPort = 6379
const defaultSentinelPort = 26379

/** Every server that the configuration names: the one, some of the cluster, or the sentinels. */
export function configuredAddresses(redis: RedisConfig): readonly RedisAddress[] {
  switch (redis.kind) {
    case 'single':
      return [parseAddress(redis.url, { ca: redis.ca })]
    case 'cluster':
      return redis.urls.map((url) => parseAddress(url, { ca: redis.ca }))
    case 'sentinel':
      return redis.nodes.map((url) =>
        parseAddress(url, { ca: redis.ca, defaultPort: defaultSentinelPort }),
      )
    default:
      return redis satisfies never
  }
}

/** @throws Error whose message names neither the URL nor its password */
export function parseAddress(
  secret: Secret,
  options: { readonly ca: string | null; readonly defaultPort?: number },
): RedisAddress {
  const url = URL.parse(secret.reveal())
  if (url === null) throw new Error('not a URL that can be read')
  const database = url.pathname.slice(1)
  if (!/^\d{0,4}$/.test(database)) throw new Error('the path is not the number of a database')
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (options.defaultPort ?? defaultPort) : Number(url.port),
    tls: url.protocol === 'rediss:',
    ca: options.ca,
    username: url.username === '' ? null : decodeURIComponent(url.username),
    password: url.password === '' ? null : new Secret(decodeURIComponent(url.password)),
    database: Number(database),
  }
}

export function nameOf({ host, port }: Pick<RedisAddress, 'host' | 'port'>): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

type Sentinels = Extract<RedisConfig, { kind: 'sentinel' }>

/** The master now, by the first sentinel that knows one. */
export async function findMaster(redis: Sentinels, askMs: number): Promise<RedisAddress> {
  const problems: string[] = []
  for (const sentinel of configuredAddresses(redis)) {
    try {
      return masterAddress(redis, sentinel, await askSentinel(sentinel, redis.master, askMs))
    } catch (error) {
      problems.push(`${nameOf(sentinel)}: ${redisFault(error, sentinel)}`)
    }
  }
  throw new Error(`no sentinel names the master ${redis.master} (${problems.join('; ')})`)
}

/** @throws Error when it is none, or knows no such master */
export async function askSentinel(
  sentinel: RedisAddress,
  master: string,
  askMs: number,
): Promise<readonly [host: string, port: number]> {
  const connection = await connectPlain(sentinel, { connectMs: askMs, onLost: () => undefined })
  try {
    const asked = connection.send(['SENTINEL', 'get-master-addr-by-name', master])
    const reply = await within(askMs, asked)
    if (reply === null) throw new Error(`it watches no master named ${master}`)
    const [host, port]: readonly unknown[] = Array.isArray(reply) ? reply : []
    if (typeof host !== 'string' || !/^\d+$/.test(String(port))) {
      throw new Error('its answer names no address')
    }
    return [host, Number(port)]
  } finally {
    connection.destroy()
  }
}

/** The master speaks TLS when its sentinels do. */
function masterAddress(
  { username, password, ca }: Sentinels,
  { tls }: RedisAddress,
  [host, port]: readonly [string, number],
): RedisAddress {
  return { host, port, tls, ca, username, password, database: 0 }
}
