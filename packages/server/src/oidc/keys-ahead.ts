import type { Clock } from '#authority'
import { addMs, type Instant } from '#domain'
import type { ProviderFetch, RequestParts } from './provider-http.ts'

/** openid-client fetches the keys anew at the first ID token after five minutes. */
const keysFreshMs = 290_000
/** What was fetched for one answer of the token endpoint is no news for a much later one. */
const aheadMsMax = 30_000

interface Fetching {
  readonly response: Promise<Response>
  readonly since: Instant
}

/**
 * Fetches a provider's keys while its token endpoint is being asked: the ID token in the answer needs
 * them, and a whole crowd waits for it. Whoever asks for keys again, as after an unknown key id, gets
 * those of now.
 */
export class KeysAhead {
  readonly #fetch: ProviderFetch
  readonly #clock: Pick<Clock, 'now'>
  #tokenEndpoint: string | undefined
  #keysUrl: string | undefined
  #fetchedAt: Instant | undefined
  #ahead: Fetching | undefined

  constructor(fetch: ProviderFetch, clock: Pick<Clock, 'now'>) {
    this.#fetch = fetch
    this.#clock = clock
  }

  /** From discovery; before it nothing is fetched ahead. */
  know(metadata: { readonly token_endpoint?: string; readonly jwks_uri?: string }): void {
    this.#tokenEndpoint = hrefOf(metadata.token_endpoint)
    this.#keysUrl = hrefOf(metadata.jwks_uri)
  }

  readonly fetch: ProviderFetch = (url, parts) => {
    const href = hrefOf(url)
    if (href !== undefined && href === this.#keysUrl) return this.#keys(url, parts)
    if (href !== undefined && href === this.#tokenEndpoint) this.#start()
    return this.#fetch(url, parts)
  }

  #keys(url: string, parts: RequestParts): Promise<Response> {
    const now = this.#clock.now()
    const ahead = this.#ahead
    this.#ahead = undefined
    this.#fetchedAt = now
    const fits = ahead !== undefined && now < addMs(ahead.since, aheadMsMax)
    return fits ? ahead.response : this.#fetch(url, parts)
  }

  #start(): void {
    const url = this.#keysUrl
    const since = this.#clock.now()
    const fresh = this.#fetchedAt !== undefined && since < addMs(this.#fetchedAt, keysFreshMs)
    const underWay = this.#ahead !== undefined && since < addMs(this.#ahead.since, aheadMsMax)
    if (url === undefined || fresh || underWay) return
    const response = this.#fetch(url, { method: 'GET', headers: { accept: 'application/json' } })
    // Whoever needs them sees what went wrong; perhaps nobody does.
    response.catch(() => undefined)
    this.#ahead = { response, since }
  }
}

function hrefOf(url: string | undefined): string | undefined {
  return url === undefined ? undefined : URL.parse(url)?.href
}
