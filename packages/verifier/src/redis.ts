/*
 * Redis as a push channel, between the pulls: what Curfew publishes there is a hint (rule 20). It makes
 * the verifier deny at once and pull; the pull decides. A lost connection loses nothing but time.
 */
import type { Verifier } from './verifier.ts'

/** As much of a node-redis client as is used. */
export interface RedisClient {
  duplicate(): RedisSubscriber
}

export interface RedisSubscriber {
  connect(): Promise<unknown>
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'ready', listener: () => void): unknown
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  destroy(): unknown
}

export interface RedisPushOptions {
  /** `revocation.channel` of Curfew's configuration. Default `auth:revoked`. */
  readonly channel?: string
  /** What goes wrong with the connection; node-redis tries again by itself. */
  readonly onError?: (error: Error) => void
}

export interface RedisPush {
  close(): void
}

/** Listens on a connection of its own, made like the client's. Waits for nothing. */
export function redisPush(
  verifier: Pick<Verifier, 'hint'>,
  client: RedisClient,
  options: RedisPushOptions = {},
): RedisPush {
  const { channel = 'auth:revoked', onError = () => undefined } = options
  const subscriber = client.duplicate()
  let closed = false
  // Without a listener node-redis ends the process.
  subscriber.on('error', onError)
  // Each connection begins after a time in which messages were missed.
  subscriber.on('ready', () => verifier.hint())
  const listen = async (): Promise<void> => {
    await subscriber.connect()
    await subscriber.subscribe(channel, (message) => verifier.hint(message))
  }
  listen().catch((error: unknown) => {
    if (!closed) onError(error instanceof Error ? error : new Error(String(error)))
  })
  return {
    close() {
      if (closed) return
      closed = true
      try {
        subscriber.destroy()
      } catch {
        // It was never open, or has gone already: closed is closed.
      }
    },
  }
}
