/*
 * The signing keys of access tokens, as the store has them. In the order of its life a key is
 *   published    in the JWKS, not yet signing: verifiers learn of it first (`keyActivationDelay`)
 *   current      the newest activated key whose private part this process can unseal
 *   replaced     a newer one signs; it still verifies the tokens that it has signed
 *   dropped      replaced for longer than any of its tokens lives: gone from store and JWKS
 * A key whose private part is sealed under a secret that this process lacks verifies only. One that is
 * damaged or not what its kid says is not used at all.
 */
import type { KeyObject } from 'node:crypto'
import { KeyMissing, type KeyStore, Shared, type StoredSigningKey } from '#authority'
import { type Instant, instant, type KeyId } from '#domain'
import type { KeyRing } from './key-ring.ts'
import type { Sealer } from './seal.ts'
import {
  newSigningKey,
  type PublicJwk,
  readSigningKey,
  type SigningAlgorithm,
  type SigningKey,
} from './signing-key.ts'

/** How long a new key is published before it signs: longer than verifiers cache the JWKS. */
export const keyActivationDelayMs = 600_000
/** Beyond the life of its last token: for what was signed while the drop was decided. */
const dropLeewayMs = 60_000
/** An add that lost this often to other replicas gives up; each loss means that one of them added. */
const addAttemptsMax = 5

/** Something that a person should look at; told once for each key. */
export type SigningKeyAlarm =
  | { readonly kind: 'private-key-missing'; readonly kid: string; readonly keyId: KeyId }
  | { readonly kind: 'key-unreadable'; readonly kid: string }

/** Of many who rotate at once, one that lost each of its attempts. Nothing of it was added. */
export class KeysOutrun extends Error {
  override readonly name = 'KeysOutrun'

  constructor() {
    super(
      'Others keep adding signing keys. Look at the newest ones, and try again if they are not yours.',
    )
  }
}

export interface SigningKeysOptions {
  readonly store: Pick<KeyStore, 'signingKeys' | 'addSigningKey' | 'dropSigningKey'>
  readonly ring: KeyRing
  readonly sealer: Sealer
  readonly alarm: (alarm: SigningKeyAlarm) => void
  /** `tokens.keyActivationDelay`, in milliseconds. */
  readonly activationDelayMs?: number
}

/** RFC 7517, section 5. */
export interface Jwks {
  readonly keys: readonly PublicJwk[]
}

/** A key whose private part this process holds. */
export type UsableSigningKey = SigningKey & { readonly privateKey: KeyObject }

export class SigningKeys {
  readonly #options: SigningKeysOptions
  readonly #delayMs: number
  readonly #alarmed = new Set<string>()
  readonly #rotations = new Shared<string>()
  /** Newest first. */
  #keys: readonly SigningKey[] = []
  #byKid: ReadonlyMap<string, SigningKey> = new Map()
  #jwks: Jwks = { keys: [] }
  /** The newest in the store, usable here or not. */
  #newestKid: string | null = null
  #loadsBegun = 0
  #loadShown = 0
  /** The store's clock at the last load. */
  #storeNow = instant(0)

  constructor(options: SigningKeysOptions) {
    this.#options = options
    this.#delayMs = options.activationDelayMs ?? keyActivationDelayMs
  }

  /** Called at start and whenever the tail reports another `keysVersion`. @throws StoreUnavailable */
  async load(): Promise<void> {
    this.#loadsBegun += 1
    const turn = this.#loadsBegun
    const { keys, now } = await this.#options.store.signingKeys()
    // A read that began earlier and came back later must not bring back what a later one saw gone.
    if (turn < this.#loadShown) return
    this.#loadShown = turn
    this.#storeNow = now
    this.#show([...keys].sort(newestFirst))
  }

  /**
   * Makes sure that there is a key of this algorithm and that its private part is sealed under the
   * ring's current secret. The first key of a store signs at once, later ones after the delay.
   */
  async ensure(algorithm: SigningAlgorithm): Promise<void> {
    for (let attempt = 0; attempt < addAttemptsMax; attempt++) {
      await this.load()
      const own = this.#keys.find(canSign)
      // Without any key nobody can sign in here: waiting would help nobody.
      if (own === undefined) {
        if (await this.#add(algorithm, 0)) return
      } else if (own.algorithm === algorithm && !this.#outlivesItsSecret(own)) {
        return
      } else if (await this.#add(algorithm, this.#delayMs)) {
        return
      }
    }
    throw new Error('Other replicas keep adding signing keys; compare their configurations.')
  }

  /**
   * A new key of the newest one's algorithm; `now`: it signs at once. Answers its kid. Whoever asks while a
   * rotation is under way here gets that one's.
   *
   * @throws KeysOutrun, StoreUnavailable
   */
  rotate({ now = false }: { readonly now?: boolean } = {}): Promise<string> {
    return this.#rotations.run(now ? 'now' : 'later', () => this.#rotate(now))
  }

  async #rotate(now: boolean): Promise<string> {
    const delayMs = now ? 0 : this.#delayMs
    for (let attempt = 0; attempt < addAttemptsMax; attempt++) {
      await this.load()
      const kid = await this.#add(this.#keys[0]?.algorithm ?? 'ES256', delayMs)
      if (kid !== undefined) return kid
    }
    throw new KeysOutrun()
  }

  /**
   * The newest activated key that can sign here. Before any is active, the one that will be first:
   * this replica's clock may be a little behind the store's.
   *
   * @throws KeyMissing when all of them are sealed under secrets that this process lacks (503)
   */
  current(now: Instant): UsableSigningKey {
    let next: UsableSigningKey | undefined
    for (const key of this.#keys) {
      if (!canSign(key)) continue
      if (key.activatesAt <= now) return key
      if (next === undefined || key.activatesAt < next.activatesAt) next = key
    }
    return next ?? this.#nothingSigns()
  }

  byKid(kid: string): SigningKey | undefined {
    return this.#byKid.get(kid)
  }

  /** Newest first; for `curfew keys list` as well. */
  all(): readonly SigningKey[] {
    return this.#keys
  }

  jwks(): Jwks {
    return this.#jwks
  }

  /** Drops what was replaced longer ago than any token of it can live. Answers the kids. */
  async dropExpired(maxAccessTtlSeconds: number): Promise<readonly string[]> {
    const { keys, now } = await this.#options.store.signingKeys()
    const bound = now - maxAccessTtlSeconds * 1000 - dropLeewayMs
    const gone = this.#droppable([...keys].sort(newestFirst), bound)
    for (const kid of gone) await this.#options.store.dropSigningKey(kid)
    if (gone.length > 0) await this.load()
    return gone
  }

  async #add(algorithm: SigningAlgorithm, delayMs: number): Promise<string | undefined> {
    const { store, sealer } = this.#options
    const key = await newSigningKey(algorithm, sealer)
    const added = await store.addSigningKey(key, { delayMs, onlyIfNewest: this.#newestKid })
    if (added === 'outrun') return undefined
    await this.load()
    return key.kid
  }

  #show(stored: readonly StoredSigningKey[]): void {
    const keys = stored.flatMap((entry) => this.#read(entry) ?? [])
    this.#keys = keys
    this.#byKid = new Map(keys.map((key) => [key.kid, key]))
    this.#jwks = { keys: keys.map(published) }
    this.#newestKid = stored[0]?.kid ?? null
  }

  /** A key that has not changed stays the same object: what was verified with it stays verified. */
  #read(stored: StoredSigningKey): SigningKey | undefined {
    const known = this.#byKid.get(stored.kid)
    if (known !== undefined && isSame(known.stored, stored)) return known
    const key = readSigningKey(stored, this.#options.sealer)
    const { kid } = stored
    if (key === undefined) this.#alarmOnce({ kind: 'key-unreadable', kid })
    else if (key.privateKey === null) {
      this.#alarmOnce({ kind: 'private-key-missing', kid, keyId: key.sealedUnder })
    }
    return key
  }

  #alarmOnce(alarm: SigningKeyAlarm): void {
    if (this.#alarmed.has(alarm.kid)) return
    this.#alarmed.add(alarm.kid)
    this.#options.alarm(alarm)
  }

  /**
   * Its secret stands behind the current one in the ring and will be taken out some day. A key that
   * still waits is left alone, so that replicas with other orders of secrets cannot chase each other.
   */
  #outlivesItsSecret(own: SigningKey): boolean {
    const { ids } = this.#options.ring
    const current = this.#options.ring.current(this.#storeNow)
    const waits = own.activatesAt > this.#storeNow
    return !waits && ids.indexOf(own.sealedUnder) > ids.indexOf(current)
  }

  #nothingSigns(): never {
    const [newest] = this.#keys
    if (newest !== undefined) throw new KeyMissing(newest.sealedUnder)
    throw new Error('There is no signing key; `ensure` must run before anything is signed.')
  }

  #droppable(stored: readonly StoredSigningKey[], bound: number): readonly string[] {
    const keys = stored.flatMap((entry) => this.#read(entry) ?? [])
    return keys
      .filter((key, index) => {
        const newer = keys.slice(0, index).filter(canSign)
        return newer.some((other) => other.activatesAt <= bound) && this.#mayDrop(key)
      })
      .map((key) => key.kid)
  }

  /** A key that others can sign with and this process cannot is not this process's to drop. */
  #mayDrop(key: SigningKey): boolean {
    return canSign(key) || this.#options.ring.standing(key.sealedUnder) === 'unlisted'
  }
}

function canSign(key: SigningKey): key is UsableSigningKey {
  return key.privateKey !== null
}

/** Newest by creation. The store's `onlyIfNewest` goes by the same order. */
function newestFirst(a: StoredSigningKey, b: StoredSigningKey): number {
  return b.createdAt - a.createdAt || b.activatesAt - a.activatesAt || (a.kid < b.kid ? 1 : -1)
}

function isSame(a: StoredSigningKey, b: StoredSigningKey): boolean {
  return (
    a.algorithm === b.algorithm &&
    a.publicJwk === b.publicJwk &&
    a.sealedPrivateJwk === b.sealedPrivateJwk &&
    a.createdAt === b.createdAt &&
    a.activatesAt === b.activatesAt
  )
}

function published(key: SigningKey): PublicJwk {
  return { ...key.publicJwk, kid: key.kid, use: 'sig', alg: key.algorithm }
}
