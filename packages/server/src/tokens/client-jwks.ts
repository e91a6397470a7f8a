import {
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWSHeaderParameters,
} from 'jose'
import type { Clock } from '#authority'

/** One fetch per this time for keys that are not known (rule 37), and after a fetch that failed. */
const refetchAfterMs = 30_000
/** A key that the client has withdrawn is good for at most this long. */
const freshForMs = 600_000
const fetchTimeoutMs = 5_000
const documentLengthMax = 262_144

/** The client's keys could not be fetched: nothing may be concluded. 503, never 401. */
export class ClientKeysUnavailable extends Error {
  readonly code = 'client_keys_unavailable'

  constructor(uri: string, cause: unknown) {
    super(`The client's keys at ${uri} could not be read; check jwksUri.`, { cause })
  }
}

type LocalKeys = ReturnType<typeof createLocalJWKSet>
type Key = Awaited<ReturnType<LocalKeys>>

/** As much of `fetch` as keys need, so that main can hand over one that goes through the proxy. */
export type KeysFetch = (
  url: string,
  options: {
    readonly headers: Readonly<Record<string, string>>
    /** Followed, it would lead from the place that the configuration names to any other. */
    readonly redirect: 'error'
    readonly signal: AbortSignal
  },
) => Promise<Response>

export interface ClientJwksOptions {
  readonly uri: string
  readonly clock: Pick<Clock, 'now'>
  readonly fetch: KeysFetch
}

/** The keys behind a client's `jwksUri`: fetched when asked for, kept, fetched again for unknown ones. */
export class ClientJwks {
  readonly #options: ClientJwksOptions
  #keys: LocalKeys | undefined
  #fetchedAt = Number.NEGATIVE_INFINITY
  #triedAt = Number.NEGATIVE_INFINITY
  #failure: unknown
  #flight: Promise<void> | undefined

  constructor(options: ClientJwksOptions) {
    this.#options = options
  }

  /** @throws ClientKeysUnavailable, and what jose throws when no key fits */
  async find(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<Key> {
    if (this.#age(this.#fetchedAt) >= freshForMs) await this.#fetchSoon()
    const keys = this.#freshKeys()
    try {
      return await keys(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
    }
    await this.#fetchSoon()
    return this.#freshKeys()(header, token)
  }

  #freshKeys(): LocalKeys {
    if (this.#keys !== undefined && this.#age(this.#fetchedAt) < freshForMs) return this.#keys
    throw new ClientKeysUnavailable(this.#options.uri, this.#failure)
  }

  #age(at: number): number {
    return this.#options.clock.now() - at
  }

  /** Shared by all who wait; does nothing when the last try was a moment ago. */
  async #fetchSoon(): Promise<void> {
    if (this.#flight === undefined && this.#age(this.#triedAt) >= refetchAfterMs) {
      this.#flight = this.#fetch().finally(() => {
        this.#flight = undefined
      })
    }
    await this.#flight
  }

  async #fetch(): Promise<void> {
    const now = this.#options.clock.now()
    this.#triedAt = now
    try {
      this.#keys = createLocalJWKSet(await this.#read())
      this.#fetchedAt = now
    } catch (error) {
      // The keys of the last good fetch stay until they are too old; then `find` says unavailable.
      this.#failure = error
    }
  }

  async #read(): Promise<JSONWebKeySet> {
    const { uri } = this.#options
    const response = await this.#options.fetch(uri, {
      headers: { accept: 'application/jwk-set+json, application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(fetchTimeoutMs),
    })
    if (response.status !== 200) throw new Error(`${uri} answered ${response.status}`)
    const value: unknown = JSON.parse(await readBounded(response))
    return jwksOf(value, uri)
  }
}

async function readBounded(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true })
    if (text.length > documentLengthMax) {
      throw new Error(`the key set is longer than ${documentLengthMax} characters`)
    }
  }
  return text + decoder.decode()
}

function jwksOf(value: unknown, uri: string): JSONWebKeySet {
  if (typeof value === 'object' && value !== null && 'keys' in value && Array.isArray(value.keys)) {
    return { keys: value.keys }
  }
  throw new Error(`${uri} is not a JWK set`)
}
