/*
 * A Redis in memory that can be away, slow or hostile, and a real seal. What the script really does is
 * tested on a real Redis (test/contract/shared-snapshots.test.ts).
 */
import type { LuaScript, SharedConnection, SnapshotSeal } from '#cache'
import { type Instant, instant, Secret, type SessionId } from '#domain'
import { createSealer, KeyRing } from '#tokens'
import { t0 } from '../domain/sessions.ts'

export class MemoryRedis implements SharedConnection {
  readonly keyPrefix = 'test:'
  readonly values = new Map<string, string>()
  /** All that ever stood anywhere, for those who bring it back. */
  readonly seen: { readonly key: string; readonly value: string }[] = []
  readonly commands: string[] = []
  isAway = false
  /** While it is set, answers wait for it. */
  gate: Promise<void> | undefined

  async get(key: string): Promise<string | null> {
    await this.#answer('get')
    return this.values.get(key) ?? null
  }

  async set(key: string, value: string): Promise<void> {
    await this.#answer('set')
    this.#write(key, value)
  }

  async script(_: LuaScript, [key = '']: readonly string[], args: readonly string[]) {
    await this.#answer('script')
    const held = this.values.get(key) ?? ''
    const [, ...known] = /^s\d+\.(\d+)\.(\d+)\.(\d+)\./.exec(held) ?? []
    const own = args.slice(0, 3).map(Number)
    const place = known.findIndex((number, index) => Number(number) !== own[index])
    const isOlder = known.length === 0 || (place >= 0 && Number(known[place]) < (own[place] ?? 0))
    if (held.startsWith('t') || !isOlder) return 0
    this.#write(key, args[3] ?? '')
    return 1
  }

  async #answer(command: string): Promise<void> {
    this.commands.push(command)
    await this.gate
    if (this.isAway) throw new Error('Redis is away')
  }

  #write(key: string, value: string): void {
    this.values.set(key, value)
    this.seen.push({ key, value })
  }
}

/** The real one, under a secret of this byte alone. */
export function sealOf(byte: number): SnapshotSeal {
  const ring = new KeyRing([new Secret(Buffer.alloc(32, byte).toString('base64url'))])
  ring.update(ring.ids.map((keyId) => ({ keyId, activatesAt: instant(0) })))
  return createSealer(ring, { now: () => t0 })
}

/** The store's time and the process's, which are the same here. */
export class HandTime {
  now: Instant

  constructor(now: number) {
    this.now = instant(now)
  }

  pass(milliseconds: number): void {
    this.now = instant(this.now + milliseconds)
  }
}

export function sidOf(number: number): SessionId {
  return `0198c5f0-1234-7abc-8def-${String(number).padStart(12, '0')}` as SessionId
}
