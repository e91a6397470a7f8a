/*
 * The issuer's public keys. Modes and the legal moves between them:
 *
 *   empty  -> loaded    the first good answer; until then every token is `keys_unavailable`
 *   loaded -> loaded    by the timer, or because a token names a key that is not there
 *
 * At most one fetch at a time. Unknown keys cause at most one in 30 s, however many tokens name them, and
 * whenever the timer fetched last; one that comes too early is made up for when the time has come. A failed
 * fetch changes nothing.
 */
import { type CryptoKey, importJWK, type JWK } from 'jose'
import { VerifierFault } from './errors.ts'
import { readJson } from './http-answer.ts'
import type { Timing } from './timing.ts'

export interface VerifyKey {
  readonly kid: string
  readonly alg: string
  readonly key: CryptoKey
  /** False once the issuer no longer lists it. What it has signed is refused from then on. */
  listed: boolean
  /** How it was written, to know it again. */
  readonly source: string
}

export type FoundKey =
  | { readonly kind: 'found'; readonly key: VerifyKey }
  /** The issuer lists no such key. */
  | { readonly kind: 'unknown' }
  /** The list could not be read. */
  | { readonly kind: 'unavailable' }

export interface KeysOptions {
  readonly url: string
  readonly fetch: typeof fetch
  readonly timing: Timing
  readonly onFault: (fault: VerifierFault) => void
  readonly onFetch?: () => void
}

/** New keys are published ten minutes before they sign; this is well below. */
const refreshMs = 300_000
const unknownKidPauseMs = 30_000
/** Before the first load everybody waits for it. */
const firstRetryMinMs = 1000
const retryMinMs = 5000
const retryMaxMs = 60_000
const jitter = 0.2
const timeoutMs = 10_000
const answerBytesMax = 262_144
const keysMax = 64
const algorithms: ReadonlySet<string> = new Set(['ES256', 'EdDSA', 'RS256'])

export class Keys {
  readonly #options: KeysOptions
  readonly #closing = new AbortController()
  #byKid: ReadonlyMap<string, VerifyKey> = new Map()
  #jwks: readonly JWK[] = []
  #loaded = false
  #waiters: (() => void)[] = []
  #failures = 0
  #inFlight: Promise<void> | undefined
  /** The last fetch that a token with an unknown key had asked for, and whether one has since. */
  #lookedAtMs = Number.NEGATIVE_INFINITY
  #isWanted = false
  #timer: unknown
  #timerAtMs = Number.POSITIVE_INFINITY
  /** Raised by every change: what was refused under the keys before may be good now. */
  #version = 0

  constructor(options: KeysOptions) {
    this.#options = options
  }

  get loaded(): boolean {
    return this.#loaded
  }

  get version(): number {
    return this.#version
  }

  /** As they were published, for keeping over a restart. */
  get published(): readonly JWK[] {
    return this.#jwks
  }

  /** Fetches at once, and from then on by itself. */
  start(): void {
    void this.#fetchOnce()
  }

  async find(kid: string): Promise<FoundKey> {
    const known = this.#byKid.get(kid)
    if (known !== undefined) return { kind: 'found', key: known }
    await this.#lookAgain()
    const key = this.#byKid.get(kid)
    if (key !== undefined) return { kind: 'found', key }
    return { kind: this.#loaded && this.#failures === 0 ? 'unknown' : 'unavailable' }
  }

  /** Resolves once `loaded`; never rejects. */
  whenLoaded(): Promise<void> {
    return this.#loaded ? Promise.resolve() : new Promise((resolve) => this.#waiters.push(resolve))
  }

  /** Takes over keys that were kept. @throws TypeError when they are none */
  async restore(jwks: unknown): Promise<void> {
    if (!this.#loaded) await this.#take(jwks)
  }

  close(): void {
    this.#closing.abort()
    this.#options.timing.clearTimer(this.#timer)
  }

  async #lookAgain(): Promise<void> {
    if (this.#inFlight !== undefined) return this.#inFlight
    // While it fails the timer tries again, and no token hurries it.
    if (this.#failures > 0 || !this.#loaded) return
    this.#isWanted = true
    const waited = this.#options.timing.monotonicMs() - this.#lookedAtMs
    if (waited >= unknownKidPauseMs) return this.#fetchOnce()
    this.#schedule(unknownKidPauseMs - waited)
  }

  #fetchOnce(): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.resolve()
    this.#inFlight ??= this.#fetch().finally(() => {
      this.#inFlight = undefined
    })
    return this.#inFlight
  }

  async #fetch(): Promise<void> {
    const { url, timing, onFault } = this.#options
    timing.clearTimer(this.#timer)
    this.#timerAtMs = Number.POSITIVE_INFINITY
    if (this.#isWanted) this.#lookedAtMs = timing.monotonicMs()
    this.#isWanted = false
    try {
      this.#options.onFetch?.()
      await this.#take(await this.#ask(url))
      this.#failures = 0
    } catch (error) {
      // Chosen outcome: what was known stays; unknown keys are `keys_unavailable` until it works again.
      this.#failures += 1
      if (!this.#closing.signal.aborted) {
        onFault(
          new VerifierFault('keys_failed', `The keys at ${url} cannot be read.`, { cause: error }),
        )
      }
    }
    this.#schedule(this.#waitMs())
  }

  async #ask(url: string): Promise<unknown> {
    const { timing } = this.#options
    const abort = new AbortController()
    const stop = (): void => abort.abort(new Error(`No answer within ${timeoutMs} ms, or closed.`))
    const timer = timing.setTimer(stop, timeoutMs)
    this.#closing.signal.addEventListener('abort', stop)
    try {
      const response = await this.#options.fetch(url, {
        headers: { accept: 'application/json' },
        redirect: 'manual',
        signal: abort.signal,
      })
      return await readJson(response, answerBytesMax)
    } finally {
      timing.clearTimer(timer)
      this.#closing.signal.removeEventListener('abort', stop)
    }
  }

  async #take(jwks: unknown): Promise<void> {
    const listed = jwksOf(jwks)
    const next = new Map<string, VerifyKey>()
    for (const jwk of listed) {
      const key = await this.#import(jwk)
      if (key !== undefined) next.set(key.kid, key)
    }
    if (next.size === 0) throw new TypeError('The JWKS lists no key that we can use.')
    const before = this.#byKid
    const same =
      next.size === before.size && [...next].every(([kid, key]) => before.get(kid) === key)
    for (const key of before.values()) key.listed = next.get(key.kid) === key
    this.#byKid = next
    this.#jwks = listed
    this.#loaded = true
    if (!same) this.#version += 1
    for (const resolve of this.#waiters.splice(0)) resolve()
  }

  /** A key that has not changed stays the same object. One that cannot be used is passed over. */
  async #import(jwk: JWK): Promise<VerifyKey | undefined> {
    const { kid, use } = jwk
    const alg = algorithmOf(jwk)
    if (typeof kid !== 'string' || typeof alg !== 'string' || !algorithms.has(alg)) return undefined
    if (use !== undefined && use !== 'sig') return undefined
    const source = JSON.stringify(jwk)
    const known = this.#byKid.get(kid)
    if (known?.source === source) return known
    try {
      const key = await importJWK(jwk, alg)
      return key instanceof Uint8Array ? undefined : { kid, alg, key, listed: true, source }
    } catch {
      // A key of a kind that this platform lacks must not hide the others.
      return undefined
    }
  }

  #waitMs(): number {
    const shortest = this.#loaded ? retryMinMs : firstRetryMinMs
    const doubled = shortest * 2 ** Math.min(this.#failures - 1, 10)
    const wait = this.#failures === 0 ? refreshMs : Math.min(doubled, retryMaxMs)
    return wait * (1 - jitter * this.#options.timing.random())
  }

  /** An earlier appointment stands. */
  #schedule(delayMs: number): void {
    const { timing } = this.#options
    const atMs = timing.monotonicMs() + delayMs
    if (this.#closing.signal.aborted || atMs >= this.#timerAtMs) return
    timing.clearTimer(this.#timer)
    this.#timerAtMs = atMs
    this.#timer = timing.setTimer(() => void this.#fetchOnce(), delayMs)
  }
}

/** RFC 7517, section 4.4: `alg` may be left out. Then its kind says what the key is for. */
function algorithmOf({ alg, kty, crv }: JWK): string | undefined {
  if (alg !== undefined) return alg
  if (kty === 'EC' && crv === 'P-256') return 'ES256'
  if (kty === 'OKP' && crv === 'Ed25519') return 'EdDSA'
  return kty === 'RSA' ? 'RS256' : undefined
}

/** RFC 7517, section 5. @throws TypeError */
function jwksOf(value: unknown): readonly JWK[] {
  const keys =
    typeof value === 'object' && value !== null && 'keys' in value ? value.keys : undefined
  if (!Array.isArray(keys) || keys.length > keysMax) throw new TypeError('The answer is no JWKS.')
  if (!keys.every((key) => typeof key === 'object' && key !== null)) {
    throw new TypeError('The answer is no JWKS.')
  }
  return keys
}
