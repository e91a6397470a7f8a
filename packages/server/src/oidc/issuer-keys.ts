/*
 * The keys of one issuer, as they are known here. Its modes, by the age of what was read last:
 *
 *   unknown            asked for by the first token, which waits
 *   fresh              answers alone
 *   ageing             answers, and is read again behind the answers      after `freshMs`
 *   old                answers nobody: asked for, and waited for          after `usableMs`
 *
 * At most one reading is under way. One that failed leaves what is known as it is and is not repeated
 * before its back-off ends. A token that no key fits has them read again, once in `unknownKeyMs` (rule 37).
 */
import type { Clock } from '#authority'
import { addMs, type Instant } from '#domain'
import { keysUrlOf, readJson } from './issuer-metadata.ts'
import { type KeyHint, KeySet, type KeyText } from './key-set.ts'
import { createProviderFetch, type ProviderFetch } from './provider-http.ts'
import type { ProxyEnvironment } from './settings.ts'

const freshMs = 300_000
/** A key that was withdrawn is good for at most this long. */
const usableMs = 600_000
const unknownKeyMs = 30_000
const metadataFreshMs = 3_600_000
const backOffMsMin = 1000
const backOffMsMax = 30_000

export interface IssuerKeysOptions {
  readonly issuer: string
  readonly proxyEnv: ProxyEnvironment
  readonly clock: Pick<Clock, 'now'>
  /** Of one reading, metadata and keys together. */
  readonly timeoutMs: number
  /** Called when the keys become known or cannot be read. */
  readonly onChange?: ((issuer: string, error: Error | undefined) => void) | undefined
}

export type Signer =
  | { readonly kind: 'key'; readonly key: KeyText }
  | { readonly kind: 'nobody' }
  /** The keys cannot be read now, so nothing is concluded: 503. */
  | { readonly kind: 'unavailable'; readonly retryAfterMs: number }

export class IssuerKeys {
  readonly #options: IssuerKeysOptions
  readonly #fetch: ProviderFetch
  #known: { readonly set: KeySet; readonly at: Instant } | undefined
  #place: { readonly url: string; readonly at: Instant } | undefined
  #readAt: Instant | undefined
  #failed: { readonly count: number; readonly until: Instant } | undefined
  #reading: Promise<void> | undefined

  constructor(options: IssuerKeysOptions) {
    this.#options = options
    const { issuer, timeoutMs, proxyEnv } = options
    this.#fetch = createProviderFetch({ issuer, internalUrl: null, ca: null, timeoutMs }, proxyEnv)
  }

  /** Is this key, which has verified something before, still published? False: ask `signerOf`. */
  publishes(key: KeyText): boolean {
    if (this.#isOlderThan(freshMs)) void this.#read()
    return this.#usable()?.has(key) ?? false
  }

  async signerOf(token: string, hint: KeyHint): Promise<Signer> {
    if (this.#isOlderThan(freshMs)) {
      const reading = this.#read()
      if (this.#usable() === undefined) await reading
    }
    const set = this.#usable()
    if (set === undefined) return unavailable(this.#restMs())
    const key = await set.signerOf(token, hint)
    return key === undefined ? this.#signerAmongNewer(set, token, hint) : { kind: 'key', key }
  }

  /** The issuer may have a new key, also under the `kid` of an old one. */
  async #signerAmongNewer(before: KeySet, token: string, hint: KeyHint): Promise<Signer> {
    if (this.#usable() === before) {
      const waitMs = unknownKeyMs - this.#sinceReadMs()
      if (this.#reading === undefined && waitMs > 0) {
        return this.#failed === undefined ? { kind: 'nobody' } : unavailable(waitMs)
      }
      await this.#read()
    }
    const set = this.#usable()
    // The last reading failed: a key that is not known may well be good.
    if (set === undefined || set === before) return unavailable(this.#restMs())
    const key = await set.signerOf(token, hint)
    return key === undefined ? { kind: 'nobody' } : { kind: 'key', key }
  }

  #usable(): KeySet | undefined {
    return this.#isOlderThan(usableMs) ? undefined : this.#known?.set
  }

  #isOlderThan(milliseconds: number): boolean {
    return this.#known === undefined || this.#now() >= addMs(this.#known.at, milliseconds)
  }

  #sinceReadMs(): number {
    return this.#readAt === undefined ? Number.POSITIVE_INFINITY : this.#now() - this.#readAt
  }

  #restMs(): number {
    return Math.max(backOffMsMin, (this.#failed?.until ?? 0) - this.#now())
  }

  #now(): Instant {
    return this.#options.clock.now()
  }

  /** Shared by all who wait; never rejects, and does nothing while it rests after a failure. */
  async #read(): Promise<void> {
    if (this.#reading === undefined && this.#now() < (this.#failed?.until ?? 0)) return
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = undefined
    })
    await this.#reading
  }

  async #readOnce(): Promise<void> {
    const { issuer, timeoutMs, onChange } = this.#options
    const at = this.#now()
    this.#readAt = at
    const changes = this.#known === undefined || this.#failed !== undefined
    try {
      const set = await this.#keySet(AbortSignal.timeout(timeoutMs))
      this.#known = { set, at }
      this.#failed = undefined
      if (changes) onChange?.(issuer, undefined)
    } catch (error) {
      // What is known stays until it is too old. The keys may have moved.
      this.#place = undefined
      const count = (this.#failed?.count ?? 0) + 1
      const backOffMs = Math.min(backOffMsMin * 2 ** (count - 1), backOffMsMax)
      this.#failed = { count, until: addMs(this.#now(), backOffMs) }
      onChange?.(issuer, error instanceof Error ? error : new Error(String(error)))
    }
  }

  async #keySet(signal: AbortSignal): Promise<KeySet> {
    const { issuer } = this.#options
    const reading = { fetch: this.#fetch, signal }
    if (this.#place === undefined || this.#now() >= addMs(this.#place.at, metadataFreshMs)) {
      this.#place = { url: await keysUrlOf(issuer, reading), at: this.#now() }
    }
    const document = await readJson(this.#place.url, reading)
    if (document.kind === 'none') throw new Error(document.why)
    return new KeySet(document.value)
  }
}

function unavailable(retryAfterMs: number): Signer {
  return { kind: 'unavailable', retryAfterMs }
}
