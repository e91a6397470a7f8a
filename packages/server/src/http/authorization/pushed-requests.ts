import { randomBytes } from 'node:crypto'
import type { Clock, OnceStore, TokenSeal } from '#authority'
import { addMs, type ClientId, type Instant, Secret } from '#domain'

const prefix = 'urn:ietf:params:oauth:request_uri:'
/** Used once, and long enough to choose a provider on the way. */
const ttlMs = 300_000

export interface PushedRequest {
  readonly id: string
  readonly clientId: string
  /** The parameters, as a query. */
  readonly query: string
  readonly until: number
}

/**
 * Pushed authorization requests (RFC 9126). Nothing of one is kept here: its URI is the request itself,
 * sealed, so any replica reads it; that it was used is remembered.
 */
export class PushedRequests {
  readonly #seal: TokenSeal
  readonly #once: OnceStore
  readonly #clock: Pick<Clock, 'now'>

  constructor(seal: TokenSeal, once: OnceStore, clock: Pick<Clock, 'now'>) {
    this.#seal = seal
    this.#once = once
    this.#clock = clock
  }

  issue(clientId: ClientId, query: string): { readonly uri: string; readonly expiresIn: number } {
    const until = addMs(this.#clock.now(), ttlMs)
    const id = randomBytes(12).toString('base64url')
    const note: PushedRequest = { id, clientId, query, until }
    const sealed = this.#seal.seal('authorization', ['pushed'], new Secret(JSON.stringify(note)))
    return { uri: prefix + sealed, expiresIn: ttlMs / 1000 }
  }

  isOne(uri: string): boolean {
    return uri.startsWith(prefix)
  }

  /** Undefined: not ours, of another client, or run out. */
  read(uri: string, clientId: string): PushedRequest | undefined {
    const opened = this.#seal.unseal('authorization', ['pushed'], uri.slice(prefix.length))
    if (opened.kind !== 'opened') return undefined
    const note = JSON.parse(opened.plaintext.reveal()) as PushedRequest
    const good = note.clientId === clientId && this.#clock.now() < note.until
    return good ? note : undefined
  }

  /** True for the first who uses it. @throws StoreUnavailable */
  use({ id, until }: PushedRequest): Promise<boolean> {
    return this.#once.once('pushed-request', id, until as Instant)
  }
}
