import type { IncomingMessage } from 'node:http'
import type { Authority, ClientRules, GatewayAuthority, Presented } from '#authority'
import { clientOfUid, clientUid, type End, type LiveSession, toSeconds, type Uid } from '#domain'
import type { ClientAddresses } from './address.ts'
import { isOtherSites, isSameOrigin } from './browser/fetch-metadata.ts'
import { pageCookieIn } from './browser/page-cookie.ts'
import { type ClientAuth, keysUnavailable } from './client-auth.ts'
import { type BasicCredentials, type HeaderCredentials, headerCredentials } from './credentials.ts'
import type { BoundTokens } from './dpop.ts'
import type { Limits } from './limits.ts'
import { Problem } from './problems.ts'

/** Who asks, as judged on the store just now. */
export interface Caller {
  /** What `revoked_by_user_id` will say: a uid, or `client:<id>`. */
  readonly actor: Uid
  readonly roles: readonly string[]
  /** Null for HTTP Basic. */
  readonly session: LiveSession | null
  /** Null for a person. */
  readonly client: ClientRules | null
}

export type Role = 'admin' | 'issuer' | 'service'

export interface CallersDeps {
  readonly authority: Authority
  readonly clientAuth: ClientAuth
  readonly addresses: ClientAddresses
  readonly limits: Limits
  readonly bound: BoundTokens
  /** Under which name the cookie of our own pages comes, and whether its session may still act. */
  readonly browser: {
    readonly cookie: { readonly secure: boolean }
    readonly gateway: Pick<GatewayAuthority, 'isVouchedFor'>
  }
  readonly publicUrl: string
}

type RawRequest = Pick<IncomingMessage, 'rawHeaders' | 'headers' | 'socket' | 'method' | 'url'>

export class Callers {
  readonly #deps: CallersDeps
  readonly #without: Role | undefined

  constructor(deps: CallersDeps, without?: Role) {
    this.#deps = deps
    this.#without = without
  }

  /** The same, for whom nobody has this role. */
  without(role: Role): Callers {
    return new Callers(this.#deps, role)
  }

  /**
   * The one party that all credentials of the request lead to (rule 16). The cookie of our own pages is one
   * where nothing else came (rule 15); beside a token it may at least not be of another session.
   *
   * @throws Problem 401, 403 or 400; StoreUnavailable, KeyMissing
   */
  async identify(raw: RawRequest): Promise<Caller> {
    const credentials = readable(headerCredentials(raw))
    const cookie = pageCookieIn(raw, this.#deps.browser.cookie)
    if (credentials.tokens.length + credentials.basic.length > 0) {
      return this.#byHeaders(raw, credentials, cookie)
    }
    if (cookie !== undefined) return this.#byCookie(raw, cookie)
    throw new Problem('unauthenticated', { detail: 'Send a token as `Authorization: Bearer`.' })
  }

  /** As `/oauth/*` has it: no cookie is looked at. */
  async identifyByHeaders(raw: RawRequest): Promise<Caller> {
    return this.#byHeaders(raw, readable(headerCredentials(raw)), undefined)
  }

  /**
   * A browser adds it to whatever any page has it send, so the request has to show where it comes from
   * before the store is asked (rule 29). A page of another origin cannot read what it gets: no answer has
   * `Access-Control-Allow-Credentials`.
   */
  async #byCookie(raw: RawRequest, cookie: string): Promise<Caller> {
    requireOwnPage(raw, this.#deps.publicUrl)
    const presented = await this.#deps.authority.presentPage(cookie)
    const { kind } = presented
    if (kind === 'invalid' || kind === 'gone') {
      throw badToken('The cookie of this page is not good.')
    }
    if (kind === 'live' && !(await this.#deps.browser.gateway.isVouchedFor(presented.session))) {
      throw badToken('The identity provider no longer vouches for this session; sign in again.')
    }
    return this.#one([presented], [])
  }

  async #byHeaders(
    raw: RawRequest,
    { tokens, basic }: Pick<HeaderCredentials, 'tokens' | 'basic'>,
    cookie: string | undefined,
  ): Promise<Caller> {
    const { authority } = this.#deps
    const texts = tokens.map(({ secret }) => secret.reveal())
    const presented = await Promise.all(texts.map((token) => authority.present(token)))
    const clients = await Promise.all(basic.map((pair) => this.#client(pair, raw)))
    const bad = presented.find((one) => one.kind === 'invalid' || one.kind === 'gone')
    if (bad !== undefined) throw badToken(reasonFor(bad))
    // After the tokens have shown that they are ours: a proof that is used up costs a write.
    for (const token of tokens) await this.#deps.bound.check(raw, token)
    const beside = cookie === undefined ? [] : [await authority.presentPage(cookie)]
    return this.#one([...presented, ...beside], clients)
  }

  /** A person or a client's own session: whoever has a live session. */
  async session(raw: RawRequest): Promise<Caller & { readonly session: LiveSession }> {
    const caller = await this.identify(raw)
    const { session } = caller
    if (session === null) {
      throw new Problem('unauthenticated', {
        detail: 'This needs a token of a session, not client credentials.',
      })
    }
    return { ...caller, session }
  }

  /** Any of the roles; judged before anything is looked up. */
  async withRole(raw: RawRequest, roles: readonly Role[]): Promise<Caller> {
    const caller = await this.identify(raw)
    requireRole(caller, roles)
    return caller
  }

  async #client(pair: BasicCredentials, raw: RawRequest): Promise<ClientRules> {
    const address = this.#deps.addresses.of(raw)
    const verdict = await this.#deps.clientAuth.enabled(this.#deps.clientAuth.basic(pair, address))
    switch (verdict.kind) {
      case 'authenticated':
        return verdict.client
      case 'limited':
        throw this.#deps.limits.refusal('failedClientAuth', verdict.seconds)
      case 'unavailable':
        throw keysUnavailable()
      case 'failed':
      case 'disabled':
        throw new Problem('invalid_client')
      default:
        return verdict satisfies never
    }
  }

  #one(presented: readonly Presented[], clients: readonly ClientRules[]): Caller {
    const known = presented.filter((one) => one.kind === 'live' || one.kind === 'ended')
    const sids = new Set(known.map(({ session }) => session.origin.sid))
    const parties = new Set(clients.map((client) => clientUid(client.id)))
    if (clients.length > 0) for (const { session } of known) parties.add(session.origin.uid)
    if (sids.size > 1 || parties.size > 1) throw severalCredentials()
    const ended = known.find((one) => one.kind === 'ended')
    if (ended !== undefined) throw sessionEnded(ended.session.end)
    const live = known.find((one) => one.kind === 'live')
    return this.#caller(live?.session ?? null, clients[0] ?? null)
  }

  #caller(session: LiveSession | null, basic: ClientRules | null): Caller {
    const { authority } = this.#deps
    if (session === null) {
      if (basic === null) throw new Problem('unauthenticated')
      const roles = this.#counted(basic.roles)
      return { actor: clientUid(basic.id), roles, session: null, client: basic }
    }
    const { uid } = session.origin
    const own = clientOfUid(uid)
    const client = own === undefined ? null : (authority.policy.client(own) ?? null)
    return { actor: uid, roles: this.#counted(authority.effectiveRoles(session)), session, client }
  }

  #counted(roles: readonly string[]): readonly string[] {
    return this.#without === undefined ? roles : roles.filter((role) => role !== this.#without)
  }
}

/** @throws Problem 401 */
function readable(credentials: HeaderCredentials): HeaderCredentials {
  if (credentials.unreadable) throw badToken('The Authorization header cannot be read.')
  return credentials
}

/** @throws Problem 403 */
export function requireOwnPage(
  { method = '', headers }: Pick<IncomingMessage, 'method' | 'headers'>,
  publicUrl: string,
): void {
  const { origin } = new URL(publicUrl)
  if (safeMethods.has(method) ? !isOtherSites(headers, origin) : isSameOrigin(headers, origin))
    return
  throw new Problem('cross_site', {
    detail: 'Another site sent this request. Nothing has changed.',
  })
}

/** RFC 9110, section 9.2.1. */
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

export function requireRole(caller: Caller, roles: readonly Role[]): void {
  if (roles.some((role) => caller.roles.includes(role))) return
  throw new Problem('forbidden', { detail: `This needs the role ${roles.join(' or ')}.` })
}

export function sessionEnded(end: End): Problem {
  return new Problem('session_ended', {
    detail: 'The session has ended; sign in again.',
    members: endMembers(end),
  })
}

/** Also stands beside `invalid_grant` on /oauth/token, so that a device can say why. */
export function endMembers(end: End): Readonly<Record<string, unknown>> {
  return { revoked_reason: end.reason, revoked_at: toSeconds(end.at) }
}

export function severalCredentials(): Problem {
  return new Problem('several_credentials', {
    detail: 'The credentials in this request belong to different sessions; send one.',
  })
}

export function badToken(detail: string): Problem {
  return new Problem('invalid_token', { detail })
}

function reasonFor(presented: Presented): string {
  if (presented.kind !== 'invalid') return 'The session of the token is not known.'
  return tokenFaults[presented.why] ?? 'The token is not good.'
}

const tokenFaults: Readonly<Record<string, string>> = {
  expired: 'The token has expired.',
  not_yet_valid: 'The token is not valid yet.',
  wrong_type: 'This kind of token is not good for this request.',
  wrong_issuer: 'The token is of another issuer.',
  wrong_audience: 'The token is for another audience.',
  unknown_client: 'The client of the token is not configured any more.',
}
