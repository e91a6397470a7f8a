import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import type {
  AdminLinkStore,
  AdminLinks,
  Authority,
  Clock,
  DeviceAuthority,
  ExchangeAnswer,
  ExchangeInput,
  FeedEntry,
  FeedPosition,
  FeedStore,
  OpaqueTokens,
} from '#authority'
import type { ClientId, FeedCursor, Secret } from '#domain'
import type { SubjectTokenVerdict } from '#oidc'
import type { DpopProofs } from '#tokens'
import type { AdminDeps } from './admin/deps.ts'
import type { BrowserDeps } from './browser/deps.ts'
import type { PageSettings } from './browser/look.ts'
import type { ConsoleFiles } from './console-files.ts'
import type { Fellows } from './fellows.ts'
import type { Metrics } from './metrics.ts'

/** What the room works with; `main` joins it. */
export interface HttpDeps {
  readonly authority: Authority
  readonly devices: DeviceAuthority
  readonly adminLinks: AdminLinks
  /** How many a user has. */
  readonly liveSessions: AdminLinkStore['countLive']
  readonly feed: Pick<FeedStore, 'page'>
  readonly events: FeedEvents
  readonly admin: AdminDeps
  /** Tells which session an opaque token names, without asking the store. */
  readonly opaque: Pick<OpaqueTokens, 'open'>
  readonly clients: ClientCredentials
  readonly browser: BrowserDeps
  readonly console: ConsoleFiles
  readonly exchange: TokenExchange
  /** A proof is good once, at whatever replica. */
  readonly dpop: DpopProofs
  readonly jwks: () => { readonly keys: readonly object[] }
  readonly readiness: () => Readiness
  readonly settings: HttpSettings
  readonly clock: Pick<Clock, 'now'>
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>
  readonly metrics: Metrics
  readonly fellows: Fellows
  /** Answers forward auth ahead of the router; false: it is not. */
  readonly ahead: (message: IncomingMessage, response: ServerResponse) => boolean
}

export interface HttpSettings {
  /** The issuer, without a trailing slash; all routes lie below its path. */
  readonly publicUrl: string
  /** CIDRs of the proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[]
  readonly limits: LimitTable
  /** Origins that browsers may call from, `cors.origins` and those of clients; `*` is everyone. Asked per request. */
  readonly corsOrigins: () => ReadonlySet<string>
  /** How the pages for people look and speak. Asked per request. */
  readonly pages: () => PageSettings
  readonly bodyLimitBytes: number
  /** True: metrics have a listener of their own (`createMetricsApp`), and /metrics is 404 here. */
  readonly metricsElsewhere: boolean
  /** True: the role admin counts on a listener of its own (`Http.admin`), and nowhere else. */
  readonly adminElsewhere: boolean
  /** The algorithm that signs access tokens, for the metadata. */
  readonly algorithm: string
  /** How often an event stream says that it is alive and its caller is checked again. */
  readonly keepAliveMs: number
}

/** It holds `burst` and regains `perSecond` every second. */
export interface RateLimit {
  readonly perSecond: number
  readonly burst: number
}

/** Null: off. */
export interface LimitTable {
  readonly tokenRequestsPerSession: RateLimit | null
  readonly tokenRequestsPerAddress: RateLimit | null
  readonly failedClientAuth: RateLimit | null
  readonly sessionStarts: RateLimit | null
  readonly signIns: RateLimit | null
  readonly deviceAuthorizations: RateLimit | null
  readonly userCodeGuesses: RateLimit | null
  readonly eventStreamsPerCaller: number
  readonly eventStreams: number
}

/** ID tokens of identity providers for sessions (RFC 8693): oidc judges them, the authority starts. */
export interface TokenExchange {
  verify(subjectToken: string): Promise<SubjectTokenVerdict>
  start(input: ExchangeInput): Promise<ExchangeAnswer>
}

/** Proofs of clients; the tokens room verifies them. */
export interface ClientCredentials {
  /** In constant time. False for an unknown client and for one without a secret. */
  secretMatches(id: ClientId, presented: Secret): boolean
  /** Who an assertion says that it is from; proves nothing. */
  claimant(assertion: string): ClientId | undefined
  /** `private_key_jwt` (RFC 7523): signature, `iss`, `sub`, `aud`, times, and its `jti` used once. */
  assertion(jwt: string): Promise<AssertionProof>
  /** For the metadata. */
  readonly assertionAlgorithms: readonly string[]
}

export type AssertionProof =
  | { readonly kind: 'accepted'; readonly clientId: ClientId }
  | { readonly kind: 'rejected' }
  /** The keys behind `jwksUri` cannot be read: 503. */
  | { readonly kind: 'keys-unavailable' }

export interface Readiness {
  readonly ready: boolean
  readonly dependencies: Readonly<Record<string, string>>
  readonly retryAfterSeconds: number
}

/** Ends as they happen, from a position on; feed/stream.ts builds it. */
export interface FeedEvents {
  /**
   * Ends when `signal` aborts. A store that is out of reach is waited for, never an end of the stream;
   * only the first read may throw StoreUnavailable.
   */
  open(options: {
    readonly position: FeedPosition
    readonly all: boolean
    readonly signal: AbortSignal
  }): AsyncIterable<FeedEvent>
}

export type FeedEvent =
  | { readonly kind: 'entry'; readonly cursor: FeedCursor; readonly entry: FeedEntry }
  /** What the JSON feed says with `Curfew-Reset`: the position was not known; all unexpired ends follow. */
  | { readonly kind: 'reset'; readonly cursor: FeedCursor }
  /** Nothing happened. The route has its own timer as well. */
  | { readonly kind: 'keepalive' }
