/*
 * What this room's tests share: a clock that is moved by hand, secrets that are the same in every run,
 * and a KeyStore in memory. Imported by tests alone.
 */
import type { Clock, KeyStore, ListedKeyId, StoredSigningKey } from '#authority'
import { addMs, type Instant, instant, type KeyId, later, Secret, type SessionId } from '#domain'
import { KeyRing } from './key-ring.ts'

export const start = instant(1_767_225_600_000)
export const sid = '019b76da-a800-7abc-8def-0123456789ab' as SessionId

/** 32 bytes of one value. */
export function secretOf(byte: number): Secret {
  return new Secret(Buffer.alloc(32, byte).toString('base64url'))
}

export class HandClock implements Pick<Clock, 'now'> {
  #now: Instant = start

  now(): Instant {
    return this.#now
  }

  pass(milliseconds: number): void {
    this.#now = addMs(this.#now, milliseconds)
  }
}

/** A ring whose secrets are all listed and active. */
export function activeRing(...bytes: readonly number[]): KeyRing {
  const ring = new KeyRing(bytes.map(secretOf))
  ring.update(ring.ids.map((keyId) => ({ keyId, activatesAt: instant(0) })))
  return ring
}

export class MemoryKeyStore implements KeyStore {
  readonly #clock: Pick<Clock, 'now'>
  keys: StoredSigningKey[] = []
  listed: ListedKeyId[] = []

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  async signingKeys(): Promise<{ keys: readonly StoredSigningKey[]; now: Instant }> {
    return { keys: [...this.keys], now: this.#clock.now() }
  }

  async addSigningKey(
    key: Omit<StoredSigningKey, 'createdAt' | 'activatesAt'>,
    options: { readonly delayMs: number; readonly onlyIfNewest: string | null },
  ): Promise<'added' | 'outrun'> {
    const newest = this.keys.at(-1)
    if ((newest?.kid ?? null) !== options.onlyIfNewest) return 'outrun'
    const now = this.#clock.now()
    // Strictly rising, so that there is always one newest key.
    const createdAt = newest === undefined ? now : later(now, addMs(newest.createdAt, 1))
    const activatesAt = newest === undefined ? now : addMs(now, options.delayMs)
    this.keys.push({ ...key, createdAt, activatesAt })
    return 'added'
  }

  async dropSigningKey(kid: string): Promise<void> {
    this.keys = this.keys.filter((key) => key.kid !== kid)
  }

  async keyIds(): Promise<readonly ListedKeyId[]> {
    return [...this.listed]
  }

  async listKeyIds(ids: readonly KeyId[], delayMs: number): Promise<readonly ListedKeyId[]> {
    const now = this.#clock.now()
    const activatesAt = this.listed.length === 0 ? now : addMs(now, delayMs)
    const fresh = ids.filter((id) => !this.listed.some((entry) => entry.keyId === id))
    this.listed.push(...fresh.map((keyId) => ({ keyId, activatesAt })))
    return this.keyIds()
  }

  async retireKeyId(id: KeyId): Promise<'retired' | 'unknown'> {
    const before = this.listed.length
    this.listed = this.listed.filter((entry) => entry.keyId !== id)
    return this.listed.length < before ? 'retired' : 'unknown'
  }
}
