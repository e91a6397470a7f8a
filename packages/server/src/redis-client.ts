/*
 * One connection to one Redis server by node-redis, and nothing of what node-redis adds to it: no second
 * try, no queue while offline. What it would do by itself costs requests time, or ends for good:
 * - a command that was written has no time-out; `timeout` guards only those that still wait to be written
 * - while reconnecting, commands pile up without end unless `disableOfflineQueue`
 * - `socketTimeout` counts from the last byte in either direction, so that commands without an answer
 *   keep a dead connection alive; and after it node-redis reconnects no more
 * - its Cluster class asks for the slots only on MOVED and ASK, which a dead master does not answer
 *   (redis/node-redis#2806)
 * Hence redis-kept.ts connects, redis-link.ts times, and redis-cluster.ts routes.
 */
import { ConnectionTimeoutError, createClient, ErrorReply } from '@redis/client'
import type { Secret } from '#domain'

export interface RedisAddress {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  /** PEM of a private CA; null: those that Node trusts. */
  readonly ca: string | null
  readonly username: string | null
  readonly password: Secret | null
  readonly database: number
}

/** An answer of the server, not looked at yet. */
export type Reply = unknown

export interface PlainConnection {
  /** Rejects when the connection breaks, or with an ErrorReply. Waits for ever. */
  send(args: readonly string[]): Promise<Reply>
  subscribe(channel: string, listener: (message: string) => void): Promise<void>
  destroy(): void
}

export interface ConnectOptions {
  readonly connectMs: number
  /** It broke after it had been made; once. */
  readonly onLost: (why: Error) => void
}

/** TCP, TLS, authentication and the choice of the database, all within `connectMs`. */
export async function connectPlain(
  address: RedisAddress,
  { connectMs, onLost }: ConnectOptions,
): Promise<PlainConnection> {
  const client = createClient(clientOptions(address, connectMs))
  // Without a listener an error would end the process; each one ends this connection.
  client.on('error', onLost)
  const destroy = destroyer(client)
  try {
    await within(connectMs, client.connect())
  } catch (error) {
    destroy()
    throw error
  }
  return {
    send: (args) => client.sendCommand([...args]),
    subscribe: (channel, listener) => client.subscribe(channel, listener),
    destroy,
  }
}

export function isErrorReply(error: unknown): error is ErrorReply {
  return error instanceof ErrorReply
}

/** Whichever of the two clocks was first: ours or node-redis's. */
export function isTimeout(error: unknown): boolean {
  return error instanceof NoAnswer || error instanceof ConnectionTimeoutError
}

class NoAnswer extends Error {
  constructor(milliseconds: number) {
    super(`no answer within ${milliseconds} ms`)
  }
}

/** Rejects after so many milliseconds; what was begun goes on, and nobody waits for it. */
export function within<Value>(
  milliseconds: number,
  work: Promise<Value>,
  why: () => Error = () => new NoAnswer(milliseconds),
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const late = () => reject(why())
    // Answers that came while this process was busy are read first: only then is it the server's fault.
    const timer = setTimeout(() => setImmediate(late), milliseconds)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

interface Connecting {
  once(event: 'connect', listener: () => void): unknown
  destroy(): unknown
}

/** node-redis forgets a socket that is still connecting when it is destroyed, and leaves it open. */
function destroyer(client: Connecting): () => void {
  let connected = false
  let wanted = false
  const destroy = () => {
    wanted = true
    if (!connected) return
    try {
      client.destroy()
    } catch {
      // Chosen outcome: it refuses to close what has broken by itself; it is closed.
    }
  }
  client.once('connect', () => {
    connected = true
    if (wanted) destroy()
  })
  return destroy
}

function clientOptions(address: RedisAddress, connectMs: number) {
  const { host, port, username, password, database } = address
  return {
    socket: { host, port, ...tlsOptions(address), connectTimeout: connectMs, reconnectStrategy },
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password: password.reveal() }),
    database,
    disableOfflineQueue: true,
    // CLIENT SETINFO would need a right more.
    disableClientInfo: true,
  } as const
}

const reconnectStrategy = false

function tlsOptions({ tls, ca }: RedisAddress) {
  if (!tls) return {}
  return { tls: true as const, ...(ca === null ? {} : { ca }) }
}
