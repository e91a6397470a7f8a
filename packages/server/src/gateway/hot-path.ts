/*
 * Forward auth on node:http, ahead of the router. A token seen before costs one pass over the headers,
 * the rule, one map look-up, one denylist look-up and one comparison of times; then a prepared answer is
 * written. Everything else takes the slow path in check.ts, and may prepare the next answer.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { SessionId } from '#domain'
import {
  type Answer,
  type AnswerOptions,
  allowAnswer,
  answerFor,
  type MakePage,
  type PageHere,
  signInAnswer,
} from './answers.ts'
import { type Checked, type CheckPorts, check, type Granted, unavailable } from './check.ts'
import { readCookies } from './cookies.ts'
import { type Credentials, readCredentials } from './credential.ts'
import { decideEarly, type Forbidden, type Verdict } from './decide.ts'
import { cameForPublicHost, readEndpoint } from './endpoint.ts'
import type { Binding } from './hand-off.ts'
import { type CookieSlot, renderHeaders } from './headers.ts'
import { isNavigation } from './navigation.ts'
import {
  type OriginalRequest,
  type Refusal,
  readOriginalRequest,
  refusal,
} from './original-request.ts'
import type { OwnStep } from './own-paths.ts'
import { answerOf, headersFor, type PreparedAnswer, PreparedAnswers } from './prepared.ts'
import { type Rule, RuleBook } from './rules.ts'
import type { GatewaySettings, PublicPlace } from './settings.ts'
import { noValues, type TemplateValues } from './templates.ts'
import { TrustedPeers } from './trusted-peers.ts'

export interface ForwardAuthPorts extends CheckPorts {
  /** Never skipped, whatever is remembered. */
  denies(sid: SessionId): boolean
  /** The epoch that the tail follows; undefined: nothing may be answered from memory (rules 5 and 35). */
  epoch(): string | undefined
  /** The tail has been blind for too long (rule 35). */
  stale(): boolean
  /** The session is in use; called at most once in `touchEveryMs` for each token. */
  touch(sid: SessionId): void
  readonly touchEveryMs: number
  /** Of a browser on a host that the cookie does not reach (rule 28); undefined: it reaches it. */
  bind(request: OriginalRequest): Binding | undefined
  /** A path of ours on an application's host: hand-off, sign-out. Answers by itself. */
  own(order: OwnOrder): Promise<Answer>
  counted(verdict: Verdict['kind'] | 'refused', from: 'memory' | 'check'): void
  /** A 403, for the log: its hint says which and how to mend it. */
  refused(why: Refusal | Forbidden): void
  /** A header was sent without a value that it could have had (API.md, "Templates"). */
  dropped(header: string): void
}

export interface OwnOrder {
  readonly step: OwnStep
  readonly request: OriginalRequest
  readonly nginx: boolean
  /** Undefined: nobody looks at pages here. */
  readonly page: PageHere | undefined
}

export interface ForwardAuthOptions {
  readonly place: PublicPlace
  /** `/forward-auth` below the base path of publicUrl. */
  readonly path: string
  readonly settings: GatewaySettings
  readonly trustedProxies: readonly string[]
  readonly ports: ForwardAuthPorts
  readonly page?: MakePage
  /** It listens on `gateway.listen`, where nobody but proxies comes. */
  readonly ownListener?: boolean
  readonly preparedMax?: number
  readonly preparedBytesMax?: number
}

export class ForwardAuth {
  readonly #options: ForwardAuthOptions
  readonly #ports: ForwardAuthPorts
  readonly #peers: TrustedPeers
  #forPublicHost: (rawHeaders: readonly string[]) => boolean
  readonly #prepared: PreparedAnswers
  #settings: GatewaySettings
  #book: RuleBook

  /** @throws HeaderError, PatternError for rules that cannot be compiled */
  constructor(options: ForwardAuthOptions) {
    this.#options = options
    this.#ports = options.ports
    this.#settings = options.settings
    this.#book = new RuleBook(options.settings)
    this.#peers = new TrustedPeers(options.trustedProxies)
    this.#forPublicHost = this.#publicHostOf(options.settings)
    this.#prepared = new PreparedAnswers({
      entriesMax: options.preparedMax ?? 100_000,
      bytesMax: options.preparedBytesMax ?? 128 * 1024 * 1024,
    })
  }

  get prepared(): Pick<PreparedAnswers, 'size' | 'bytes' | 'evicted'> {
    return this.#prepared
  }

  get book(): RuleBook {
    return this.#book
  }

  /** SIGHUP. @throws as the constructor, and then nothing has changed */
  replace(settings: GatewaySettings): void {
    this.#book = new RuleBook(settings)
    this.#settings = settings
    this.#forPublicHost = this.#publicHostOf(settings)
    this.#prepared.clear()
  }

  /** The session changed: a new version, other roles or claims, new provider tokens. */
  forget(sid: SessionId): void {
    this.#prepared.forget(sid)
  }

  /** Policy or feed changed: the tail is loaded anew, roles are given anew. */
  forgetAll(): void {
    this.#prepared.clear()
  }

  /** False: not ours, the router may answer (404 on the public host, rule 26). */
  handle(message: IncomingMessage, response: ServerResponse): boolean {
    const endpoint = readEndpoint(message.url ?? '', this.#options.path)
    if (endpoint === undefined || this.#forPublicHost(message.rawHeaders)) return false
    const nginx = endpoint.kind === 'ask' && endpoint.dialect.mode === 'nginx'
    const out: Out = { response, nginx }
    if (!this.#peers.trusts(message.socket.remoteAddress)) {
      const hint = `${message.socket.remoteAddress} is not in server.trustedProxies`
      return this.#refuse(refusal('untrusted_proxy', hint), out)
    }
    if (endpoint.kind === 'refused') return this.#refuse(endpoint, out)
    const alias = this.#book.aliases.find(message.rawHeaders)
    if (alias !== undefined) return this.#refuse(aliased(alias), out)
    const { method = '', rawHeaders } = message
    const { dialect, below } = endpoint
    const asked = { method, rawHeaders, below }
    const request = readOriginalRequest(asked, dialect, this.#options.place)
    if ('kind' in request) return this.#refuse(request, out)
    this.#decide(request, out)
    return true
  }

  #decide(request: OriginalRequest, out: Out): void {
    const match = this.#book.match(request)
    const early = decideEarly(request, match, this.#decideOptions)
    if (early !== undefined) {
      this.#early(early, request, out)
      return
    }
    if (match.kind !== 'rule') return
    const { rule } = match
    const { own, rest } = readCookies(request.cookie, this.#settings.cookie.name)
    const credentials = readCredentials({ own }, request.authorization, rule.bearer)
    const seen: Seen = { request, rule, credentials, cookies: rest }
    if (!this.#fromMemory(seen, out)) void this.#fromCheck(seen, out)
  }

  /** True: answered. */
  #fromMemory(seen: Seen, out: Out): boolean {
    const { credentials, rule, request } = seen
    if (credentials.kind !== 'some' || credentials.list.length > 1) return false
    // Its proof is of this request alone (rule 34).
    if (credentials.list[0].dpop) return false
    const entry = this.#prepared.find(credentials.list[0].token.reveal())
    if (entry === undefined) return false
    // First of all: no answer speaks for a session that is known to be dead.
    if (this.#ports.denies(entry.sid)) {
      this.#prepared.forget(entry.sid)
      return false
    }
    if (entry.book !== this.#book || entry.epoch !== this.#ports.epoch()) return false
    if (this.#ports.stale()) return false
    const now = this.#ports.now()
    const wanted = { place: rule.place, origin: request.origin, nginx: out.nginx }
    const answer = answerOf(entry, wanted, now)
    if (answer === undefined) return false
    if (now >= entry.touchAt) {
      entry.touchAt = now + this.#ports.touchEveryMs
      this.#ports.touch(entry.sid)
    }
    this.#ports.counted('allow', 'memory')
    write(out.response, { status: 200, headers: headersFor(answer, seen.cookies), body: '' })
    return true
  }

  async #fromCheck(seen: Seen, out: Out): Promise<void> {
    const book = this.#book
    const { changes } = this.#prepared
    const epoch = this.#ports.epoch()
    const checked = await this.#checked(seen)
    const { verdict } = checked
    this.#ports.counted(verdict.kind, 'check')
    if (verdict.kind === 'allow') {
      const undisturbed = changes === this.#prepared.changes && book === this.#book
      const stamp = undisturbed && epoch === this.#ports.epoch() ? { book, epoch } : undefined
      this.#allow(seen, checked, out, stamp)
    } else if (verdict.kind === 'sign-in') {
      write(out.response, this.#signIn(verdict.location, seen.request, out.nginx))
    } else if (verdict.kind !== 'own') {
      if (verdict.kind === 'forbidden') this.#ports.refused(verdict)
      write(out.response, answerFor(verdict, this.#answerOptions(seen.request, out)))
    }
  }

  /** Asked again when the session ended while it was being asked about; the second answer must agree. */
  async #checked(seen: Seen): Promise<Checked> {
    const checked = await check(seen, this.#ports, this.#decideOptions)
    if (!this.#isDenied(checked)) return checked
    const again = await check(seen, this.#ports, this.#decideOptions)
    return this.#isDenied(again) ? unavailable : again
  }

  #isDenied({ granted }: Checked): boolean {
    const sid = granted?.values.sid ?? null
    return sid !== null && this.#ports.denies(sid as SessionId)
  }

  #allow(seen: Seen, { granted }: Checked, out: Out, stamp: Stamp | undefined): void {
    const { rule, cookies } = seen
    const values = { ...(granted?.values ?? noValues), cookies }
    const { headers, slots } = this.#rendered(rule, values, out.nginx)
    if (granted !== null) this.#remember(seen, { granted, headers, slots, stamp, nginx: out.nginx })
    write(out.response, { status: 200, headers, body: '' })
  }

  #remember(seen: Seen, made: Made): void {
    const { granted, headers, slots, stamp, nginx } = made
    const { credentials, rule, request, cookies } = seen
    const { sid } = granted.values
    if (credentials.kind !== 'some' || sid === null) return
    const now = this.#ports.now()
    const token = credentials.list[0].token.reveal()
    const held = this.#prepared.find(token)
    const due = held === undefined || now >= held.touchAt
    if (due) this.#ports.touch(sid as SessionId)
    const touchAt = due ? now + this.#ports.touchEveryMs : held.touchAt
    if (held !== undefined) held.touchAt = touchAt
    if (stamp?.epoch === undefined || credentials.list.length > 1) return
    if (credentials.list[0].dpop) return
    const { epoch, book } = stamp
    const answer: PreparedAnswer = {
      ...{ place: rule.place, origin: request.origin, nginx, goodUntil: granted.goodUntil },
      ...{ headers, cookies, cookiesMax: cookies.length, slots, values: granted.values },
      bytes: headers.reduce((sum, text) => sum + text.length + 16, 0),
    }
    const { version } = granted
    this.#prepared.put({ token, sid: sid as SessionId, version, epoch, book, touchAt }, answer)
  }

  #early(verdict: Verdict, request: OriginalRequest, out: Out): void {
    this.#ports.counted(verdict.kind, 'check')
    if (verdict.kind === 'own') {
      const { page } = this.#answerOptions(request, out)
      void this.#own({ step: verdict.step, request, nginx: out.nginx, page }, out)
      return
    }
    if (verdict.kind === 'allow') {
      const { rest } = readCookies(request.cookie, this.#settings.cookie.name)
      const values = { ...noValues, cookies: rest }
      const { headers } = this.#rendered(verdict.rule, values, out.nginx)
      write(out.response, { status: 200, headers, body: '' })
      return
    }
    if (verdict.kind === 'forbidden') this.#ports.refused(verdict)
    write(out.response, answerFor(verdict, this.#answerOptions(request, out)))
  }

  #signIn(location: string, request: OriginalRequest, nginx: boolean): Answer {
    const binding = this.#ports.bind(request)
    if (binding === undefined) return signInAnswer(location, nginx)
    const bound = `${location}&binding=${binding.hash}`
    return signInAnswer(bound, nginx, binding.setCookie ?? undefined)
  }

  async #own(order: OwnOrder, out: Out): Promise<void> {
    try {
      write(out.response, await this.#ports.own(order))
    } catch (error) {
      this.#ports.failed(error)
      const verdict = { kind: 'unavailable', retryAfterSeconds: 1 } as const
      write(out.response, answerFor(verdict, this.#answerOptions(order.request, out)))
    }
  }

  #refuse(why: Refusal, out: Out): true {
    this.#ports.counted('refused', 'check')
    this.#ports.refused(why)
    const { publicUrl } = this.#options.place
    write(out.response, answerFor(why, { nginx: out.nginx, publicUrl }))
    return true
  }

  #rendered(rule: Rule, values: TemplateValues, nginx: boolean): Ready {
    const { flat, dropped, slots } = renderHeaders(rule.headers, values)
    for (const name of dropped) this.#ports.dropped(name)
    return { headers: allowAnswer(flat, nginx).headers, slots }
  }

  #answerOptions(request: OriginalRequest, { nginx }: Out): AnswerOptions {
    const { page, place } = this.#options
    const answered = { nginx, publicUrl: place.publicUrl }
    if (page === undefined || !isNavigation(request)) return answered
    const { acceptLanguage } = request.facts
    const here: PageHere = (kind, detail) => page(kind, detail, acceptLanguage)
    return { ...answered, page: here }
  }

  #publicHostOf({ rules }: GatewaySettings): (rawHeaders: readonly string[]) => boolean {
    const { ownListener, place } = this.#options
    return ownListener ? () => false : cameForPublicHost(place, rules)
  }

  get #decideOptions() {
    return { publicUrl: this.#options.place.publicUrl, prefix: this.#settings.prefix }
  }
}

interface Out {
  readonly response: ServerResponse
  readonly nginx: boolean
}

interface Seen {
  readonly request: OriginalRequest
  readonly rule: Rule
  readonly credentials: Credentials
  readonly cookies: string
}

interface Stamp {
  readonly book: RuleBook
  readonly epoch: string | undefined
}

interface Ready {
  readonly headers: readonly string[]
  readonly slots: readonly CookieSlot[]
}

interface Made extends Ready {
  readonly granted: Granted
  readonly stamp: Stamp | undefined
  readonly nginx: boolean
}

function aliased(name: string): Refusal {
  return refusal(
    'aliased_header',
    `the request has the header ${JSON.stringify(name)}, which servers take for a configured one (rule 25)`,
  )
}

function write(response: ServerResponse, { status, headers, body }: Answer): void {
  // The proxy has gone, or something has been said already: never a second answer (C16).
  if (response.destroyed || response.headersSent) return
  response.writeHead(status, headers as string[])
  response.end(body)
}
