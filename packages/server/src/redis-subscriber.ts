import type { PlainConnection, RedisAddress } from './redis-client.ts'
import { KeptConnection } from './redis-kept.ts'

export interface SubscriberOptions {
  readonly where: () => Promise<RedisAddress>
  readonly onDown?: (why: Error) => void
}

type Listener = (message: string) => void

/**
 * A connection of its own for messages, subscribed again whenever it is made anew. What was published
 * meanwhile is lost: those who care are told by `onReady`.
 */
export class RedisSubscriber {
  readonly #kept: KeptConnection
  readonly #channels = new Map<string, Set<Listener>>()
  readonly #onReady = new Set<() => void>()

  constructor({ where, onDown }: SubscriberOptions) {
    this.#kept = new KeptConnection({
      where,
      prepare: (connection) => this.#subscribeAll(connection),
      onUp: () => this.#ready(),
      ...(onDown === undefined ? {} : { onDown }),
    })
  }

  get ready(): boolean {
    return this.#kept.current !== undefined
  }

  subscribe(channel: string, listener: Listener): () => void {
    const known = this.#channels.get(channel)
    const listeners = known ?? new Set()
    listeners.add(listener)
    if (known === undefined) {
      this.#channels.set(channel, listeners)
      this.#subscribeLate(channel)
    }
    return () => listeners.delete(listener)
  }

  onReady(listener: () => void): () => void {
    this.#onReady.add(listener)
    return () => this.#onReady.delete(listener)
  }

  close(): void {
    this.#kept.close()
  }

  async #subscribeAll(connection: PlainConnection): Promise<void> {
    const channels = [...this.#channels.keys()]
    await Promise.all(channels.map((channel) => this.#ask(connection, channel)))
  }

  /** The connection may be up already; until the server has agreed, messages pass by. */
  #subscribeLate(channel: string): void {
    const connection = this.#kept.current
    if (connection === undefined) return
    this.#ask(connection, channel).then(
      () => this.#ready(),
      (error: Error) => this.#kept.drop(error),
    )
  }

  #ask(connection: PlainConnection, channel: string): Promise<void> {
    return connection.subscribe(channel, (message) => {
      for (const listener of this.#channels.get(channel) ?? []) listener(message)
    })
  }

  #ready(): void {
    for (const listener of this.#onReady) listener()
  }
}
