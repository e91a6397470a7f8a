/*
 * Redis for the whole process: the one place that has a connection (docs/decisions/). `cache` and `feed`
 * each declare the little that they need of it. Nothing here is needed to be right: every method may
 * throw RedisUnavailable at any time, at the latest after `commandMs`, and the caller goes on without.
 */
import { createHash } from 'node:crypto'
import type { RedisConfig } from '#config'
import { configuredAddresses, findMaster } from './redis-address.ts'
import { isErrorReply, type RedisAddress, type Reply } from './redis-client.ts'
import { RedisCluster } from './redis-cluster.ts'
import { RedisLink } from './redis-link.ts'
import { RedisSubscriber } from './redis-subscriber.ts'
import { type RedisFailure, RedisUnavailable } from './redis-unavailable.ts'

/** A script, by its text; make it once and keep it, since its digest is remembered with it. */
export interface LuaScript {
  readonly text: string
}

export interface RedisConnection {
  readonly keyPrefix: string
  /** Commands have a connection. That it is up says nothing about the next command. */
  readonly ready: boolean
  /** The breaker is open: several commands in a row were not answered. */
  readonly resting: boolean
  /** Messages are heard. */
  readonly listening: boolean
  get(key: string): Promise<string | null>
  set(key: string, value: string, ttlMs: number): Promise<void>
  /** All keys in one slot of a cluster, by a hash tag: `{…}`. */
  script(
    script: LuaScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<string | number | null>
  publish(channel: string, message: string): Promise<void>
  /** Subscribes again by itself. The listener must not throw. */
  subscribe(channel: string, listener: (message: string) => void): () => void
  /** After every connection of the subscriber: what was published before may have been missed. */
  onReady(listener: () => void): () => void
  close(): Promise<void>
}

export interface RedisSignals {
  readonly up?: () => void
  /** The connection was lost, or an attempt failed: said each time. */
  readonly down?: (why: Error) => void
  /** The same of the connection that hears messages. */
  readonly deaf?: (why: Error) => void
  readonly failed?: (failure: RedisFailure) => void
}

export interface RedisOptions {
  readonly signals?: RedisSignals
  readonly commandMs?: number
}

const commandMsDefault = 100
const askMs = 1000

interface Commands {
  readonly ready: boolean
  readonly resting: boolean
  send(args: readonly string[], key?: string): Promise<Reply>
  close(): void
}

/** Connects in the background, again and again; never throws. */
export function openRedis(config: RedisConfig, options: RedisOptions = {}): RedisConnection {
  const { signals = {}, commandMs = commandMsDefault } = options
  const { commands, anyNode } = route(config, { commandMs, signals })
  const subscriber = new RedisSubscriber({ where: anyNode, onDown: (why) => signals.deaf?.(why) })
  return new OpenRedis({ keyPrefix: config.keyPrefix, commands, subscriber, signals })
}

interface Route {
  readonly commands: Commands
  /** Where messages are heard: in a cluster every node hears all of them. */
  readonly anyNode: () => Promise<RedisAddress>
}

function route(
  config: RedisConfig,
  { commandMs, signals }: { readonly commandMs: number; readonly signals: RedisSignals },
): Route {
  const hooks = {
    commandMs,
    onUp: () => signals.up?.(),
    onDown: (why: Error) => signals.down?.(why),
  }
  if (config.kind === 'cluster') {
    const [first, ...others] = configuredAddresses(config)
    const cluster = new RedisCluster({ seeds: [checked(first), ...others], ...hooks })
    return { commands: cluster, anyNode: inTurn(() => cluster.nodes) }
  }
  const where =
    config.kind === 'sentinel'
      ? () => findMaster(config, askMs)
      : async () => checked(configuredAddresses(config)[0])
  return { commands: new RedisLink({ where, ...hooks }), anyNode: where }
}

/** Another one at each attempt: this one may be the one that is away. */
function inTurn(nodes: () => readonly RedisAddress[]): () => Promise<RedisAddress> {
  let turn = 0
  return async () => {
    const known = nodes()
    const node = known[turn % known.length]
    turn += 1
    return checked(node)
  }
}

function checked(address: RedisAddress | undefined): RedisAddress {
  if (address === undefined) throw new Error('the configuration names no Redis server')
  return address
}

interface Parts {
  readonly keyPrefix: string
  readonly commands: Commands
  readonly subscriber: RedisSubscriber
  readonly signals: RedisSignals
}

class OpenRedis implements RedisConnection {
  readonly keyPrefix: string
  readonly #commands: Commands
  readonly #subscriber: RedisSubscriber
  readonly #signals: RedisSignals
  readonly #digests = new WeakMap<LuaScript, string>()

  constructor({ keyPrefix, commands, subscriber, signals }: Parts) {
    this.keyPrefix = keyPrefix
    this.#commands = commands
    this.#subscriber = subscriber
    this.#signals = signals
  }

  get ready(): boolean {
    return this.#commands.ready
  }

  get resting(): boolean {
    return this.#commands.resting
  }

  get listening(): boolean {
    return this.#subscriber.ready
  }

  async get(key: string): Promise<string | null> {
    const reply = await this.#send(['GET', key], key)
    return typeof reply === 'string' ? reply : null
  }

  async set(key: string, value: string, ttlMs: number): Promise<void> {
    await this.#send(['SET', key, value, 'PX', String(ttlMs)], key)
  }

  async script(
    script: LuaScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<string | number | null> {
    const rest = [String(keys.length), ...keys, ...args]
    const [key] = keys
    try {
      return scalar(await this.#send(['EVALSHA', this.#digest(script), ...rest], key))
    } catch (error) {
      if (!isNoScript(error)) throw error
      return scalar(await this.#send(['EVAL', script.text, ...rest], key))
    }
  }

  async publish(channel: string, message: string): Promise<void> {
    await this.#send(['PUBLISH', channel, message])
  }

  subscribe(channel: string, listener: (message: string) => void): () => void {
    return this.#subscriber.subscribe(channel, listener)
  }

  onReady(listener: () => void): () => void {
    return this.#subscriber.onReady(listener)
  }

  async close(): Promise<void> {
    this.#commands.close()
    this.#subscriber.close()
  }

  async #send(args: readonly string[], key?: string): Promise<Reply> {
    try {
      return await this.#commands.send(args, key)
    } catch (error) {
      if (error instanceof RedisUnavailable && !isNoScript(error)) {
        this.#signals.failed?.(error.failure)
      }
      throw error
    }
  }

  #digest(script: LuaScript): string {
    const known = this.#digests.get(script)
    if (known !== undefined) return known
    const digest = createHash('sha1').update(script.text).digest('hex')
    this.#digests.set(script, digest)
    return digest
  }
}

function isNoScript(error: unknown): boolean {
  if (!(error instanceof RedisUnavailable) || !isErrorReply(error.cause)) return false
  return error.cause.message.startsWith('NOSCRIPT')
}

function scalar(reply: Reply): string | number | null {
  return typeof reply === 'string' || typeof reply === 'number' ? reply : null
}
