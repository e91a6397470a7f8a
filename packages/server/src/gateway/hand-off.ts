/*
 * Carries a session to an application's host that the cookie does not reach (rule 28):
 *
 *   bound    forward auth sends the browser to sign in, with a cookie of the application's host that
 *            nobody else knows; its hash goes along
 *   issued   sign-in is done: a ticket names session, host and that hash, good once and for 30 s
 *   redeemed /.curfew/session on the host: the browser still has the cookie, and gets the session's own
 *
 * The ticket is sealed, and worth nothing on another host, in another browser, or a second time.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock, OnceStore } from '#authority'
import {
  addMs,
  type Instant,
  instant,
  type KeyId,
  parseSessionId,
  Secret,
  type SessionId,
} from '#domain'
import { type CanonicalHost, formatHost } from './canonical.ts'
import { cookieValues } from './cookies.ts'
import type { OriginalRequest } from './original-request.ts'

/** The sealer of the tokens room, as far as it concerns tickets. */
export interface TicketSeal {
  seal(purpose: 'ticket', identity: readonly string[], plaintext: Secret): string
  unseal(
    purpose: 'ticket',
    identity: readonly string[],
    sealed: string,
  ):
    | { readonly kind: 'opened'; readonly plaintext: Secret }
    | { readonly kind: 'key-missing'; readonly keyId: KeyId }
    | { readonly kind: 'unreadable' }
}

export interface HandOffOptions {
  readonly seal: TicketSeal
  readonly once: OnceStore
  readonly clock: Pick<Clock, 'now'>
  readonly secure: boolean
}

/** What a browser is bound by. */
export interface Binding {
  /** For the `binding` parameter of `/login`. */
  readonly hash: string
  /** Null: the browser has the cookie already. */
  readonly setCookie: string | null
}

export interface TicketOrder {
  readonly sid: SessionId
  readonly host: CanonicalHost
  readonly binding: string
  /** Where the person wanted to go: a URL on the host. */
  readonly target: string
}

export type Redeemed =
  | { readonly kind: 'redeemed'; readonly sid: SessionId; readonly target: string }
  /** Used before. `sid` is whose it was, for a browser that has that session already. */
  | { readonly kind: 'used'; readonly sid: SessionId; readonly target: string }
  | { readonly kind: 'refused'; readonly why: 'unreadable' | 'expired' | 'other-browser' }

const ticketTtlMs = 30_000
/** A person may take so long at the provider. */
const bindingTtlSeconds = 3600
const bindingShape = /^[A-Za-z0-9_-]{43}$/

export class HandOff {
  readonly #options: HandOffOptions
  readonly #cookie: string

  constructor(options: HandOffOptions) {
    this.#options = options
    this.#cookie = `${options.secure ? '__Host-' : ''}curfew-binding`
  }

  /** Several tabs of one browser share the cookie. */
  bind(request: Pick<OriginalRequest, 'cookie'>): Binding {
    const [known] = this.#bindings(request)
    if (known !== undefined) return { hash: hashOf(known), setCookie: null }
    const value = randomBytes(32).toString('base64url')
    return { hash: hashOf(value), setCookie: this.#setCookie(value) }
  }

  issue({ sid, host, binding, target }: TicketOrder): string {
    const expiresAt = addMs(this.#options.clock.now(), ticketTtlMs)
    const id = randomBytes(16).toString('base64url')
    const ticket: Ticket = { sid, binding, target, expiresAt, id }
    const plain = new Secret(JSON.stringify(ticket))
    return this.#options.seal.seal('ticket', ['hand-off', formatHost(host)], plain)
  }

  /** @throws StoreUnavailable */
  async redeem(text: string, request: Pick<OriginalRequest, 'cookie' | 'host'>): Promise<Redeemed> {
    const ticket = this.#unsealed(text, request.host)
    if (ticket === undefined) return { kind: 'refused', why: 'unreadable' }
    const { sid, target, binding, expiresAt, id } = ticket
    if (this.#options.clock.now() >= expiresAt) return { kind: 'refused', why: 'expired' }
    const bound = this.#bindings(request).some((value) => same(hashOf(value), binding))
    // Spent by whoever brings it: one that comes with the wrong browser was made for somebody else, who
    // led this person to /login with a binding of his own and waits for the address to become known.
    const first = await this.#options.once.once('hand-off', id, expiresAt)
    if (!bound) return { kind: 'refused', why: 'other-browser' }
    return { kind: first ? 'redeemed' : 'used', sid, target }
  }

  #bindings({ cookie }: Pick<OriginalRequest, 'cookie'>): readonly string[] {
    return cookieValues(cookie, this.#cookie).filter((value) => bindingShape.test(value))
  }

  #setCookie(value: string): string {
    const attributes = ['Path=/', `Max-Age=${bindingTtlSeconds}`, 'HttpOnly', 'SameSite=Lax']
    return [
      `${this.#cookie}=${value}`,
      ...attributes,
      ...(this.#options.secure ? ['Secure'] : []),
    ].join('; ')
  }

  #unsealed(text: string, host: CanonicalHost): Ticket | undefined {
    const opened = this.#options.seal.unseal('ticket', ['hand-off', formatHost(host)], text)
    return opened.kind === 'opened' ? readTicket(opened.plaintext.reveal()) : undefined
  }
}

/** The `binding` parameter of `/login`, when it can be one. */
export function parseBinding(text: string | undefined): string | null {
  return text !== undefined && bindingShape.test(text) ? text : null
}

interface Ticket {
  readonly sid: SessionId
  readonly binding: string
  readonly target: string
  readonly expiresAt: Instant
  readonly id: string
}

/** What is sealed is ours; an older version may have written it differently. */
function readTicket(text: string): Ticket | undefined {
  const { sid, binding, target, expiresAt, id } = JSON.parse(text) as Record<string, unknown>
  const parsed = typeof sid === 'string' ? parseSessionId(sid) : undefined
  if (parsed === undefined || typeof expiresAt !== 'number' || typeof id !== 'string') {
    return undefined
  }
  if (typeof binding !== 'string' || typeof target !== 'string') return undefined
  return { sid: parsed, binding, target, expiresAt: instant(expiresAt), id }
}

function hashOf(value: string): string {
  return createHash('sha256').update(value).digest('base64url')
}

function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
