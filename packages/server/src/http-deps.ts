import type { Logger } from 'pino'
import type { OnceStore } from '#authority'
import type { ClientAuth, Config } from '#config'
import type { ClientId } from '#domain'
import {
  type AdminDeps,
  type AssertionProof,
  type ClientCredentials,
  type Fellows,
  type HttpDeps,
  type Metrics,
  openConsoleFiles,
  webhookHosts,
} from '#http'
import { createOutboundFetch, type ProxyEnvironment } from '#oidc'
import {
  type ClientKeys,
  type ClientSecrets,
  claimedClient,
  createClientAssertions,
  createClientSecrets,
  createDpopProofs,
  type DpopProofsOptions,
} from '#tokens'
import { consoleFolder } from './console-folder.ts'
import type { Front } from './front.ts'
import type { House } from './house.ts'
import type { ServerMemory } from './memory.ts'

const bodyLimitBytes = 65_536
const keepAliveMs = 15_000
/** How long a client's `jwksUri` may take. */
const clientKeysMs = 5000
/** What client assertions may be signed with (tokens/client-assertion.ts). */
const assertionAlgorithms = ['ES256', 'ES384', 'EdDSA', 'PS256', 'RS256']

export interface Joined {
  readonly house: House & { readonly memory: ServerMemory }
  readonly metrics: Metrics
  readonly fellows: Fellows
  readonly log: Logger
  readonly readiness: HttpDeps['readiness']
  readonly front: Front
  readonly proxyEnv: ProxyEnvironment
}

/** The house as the http room needs it. */
export function httpDeps(joined: Joined): HttpDeps {
  const { house, metrics, fellows, log, readiness, front, proxyEnv } = joined
  const { authority, devices, store, memory, rooms, signingKeys, policy, clock } = house
  return {
    authority,
    devices,
    adminLinks: house.adminLinks,
    liveSessions: (uid) => store.countLive(uid),
    feed: store,
    events: memory.events,
    admin: adminDeps(house),
    opaque: rooms.opaque,
    clients: clientCredentials(house, proxyEnv),
    browser: front.browser,
    console: openConsoleFiles(consoleFolder()),
    exchange: front.exchange,
    dpop: createDpopProofs({ ring: house.ring, clock, first: proofsOnce(store) }),
    ahead: aheadOf(house.policy.config, front),
    jwks: () => signingKeys.jwks(),
    readiness,
    settings: settingsOf(policy),
    clock,
    log,
    metrics,
    fellows,
  }
}

function adminDeps({ config, store, signingKeys, ring, memory }: Joined['house']): AdminDeps {
  return {
    effects: store,
    webhookHosts: webhookHosts(config.webhooks),
    keys: { signingKeys, ring, store },
    sessions: { store, ends: memory.tail },
    system: store,
  }
}

/** Over all replicas: a write for each proof, at endpoints that read the row for each request anyway. */
function proofsOnce(store: OnceStore): DpopProofsOptions['first'] {
  return (id, until) => store.once('dpop-proof', id, until)
}

/** With `gateway.listen`, proxies ask there alone, and forward auth is 404 here. */
function aheadOf({ gateway }: Config, { forwardAuth }: Front): HttpDeps['ahead'] {
  if (gateway.listen !== null) return () => false
  return (message, response) => forwardAuth.handle(message, response)
}

function settingsOf(policy: House['policy']): HttpDeps['settings'] {
  const { server, limits, tokens } = policy.config
  return {
    publicUrl: server.publicUrl,
    trustedProxies: server.trustedProxies,
    limits,
    corsOrigins: () => originsOf(policy.config),
    pages: () => policy.config.pages,
    bodyLimitBytes,
    metricsElsewhere: server.metricsListen !== null,
    adminElsewhere: server.adminListen !== null,
    algorithm: tokens.algorithm,
    keepAliveMs,
  }
}

function originsOf(config: Config): ReadonlySet<string> {
  return new Set([...config.cors.origins, ...config.clients.flatMap((client) => client.origins)])
}

/** Proofs of clients by the configuration in force: a reload replaces the digests of the secrets. */
function clientCredentials(house: House, proxyEnv: ProxyEnvironment): ClientCredentials {
  const { policy, store, clock } = house
  const issuer = policy.issuer
  const audiences = [issuer, `${issuer}/oauth/token`]
  const fetch = createOutboundFetch({ ca: null, timeoutMs: clientKeysMs }, proxyEnv)
  const assertions = createClientAssertions({ audiences, clock, fetch })
  let known: { readonly config: Config; readonly secrets: ClientSecrets } | undefined
  const secrets = () => {
    const { config } = policy
    if (known?.config !== config) known = { config, secrets: secretsOf(config) }
    return known.secrets
  }
  return {
    assertionAlgorithms,
    secretMatches: (id, secret) => secrets().matches(id, secret),
    claimant: (assertion) => claimedClient(assertion),
    assertion: async (jwt): Promise<AssertionProof> => {
      const clientId = claimedClient(jwt)
      const keys = clientId === undefined ? undefined : keysOf(policy.clientConfig(clientId)?.auth)
      if (clientId === undefined || keys === undefined) return { kind: 'rejected' }
      const verdict = await assertions.verify(clientId, keys, jwt)
      if (verdict.kind !== 'accepted') return { kind: verdict.kind }
      const first = await store.once(onceKind(clientId), verdict.jti, verdict.expiresAt)
      return first ? { kind: 'accepted', clientId } : { kind: 'rejected' }
    },
  }
}

/** A `jti` is unique for its issuer, which is the client (RFC 7523, section 3). */
function onceKind(client: ClientId): string {
  return `client-assertion:${client}`
}

function secretsOf(config: Config): ClientSecrets {
  return createClientSecrets(
    config.clients.map(({ id, auth }) => ({
      id,
      secrets: auth.kind === 'secret' ? auth.secrets : [],
    })),
  )
}

function keysOf(auth: ClientAuth | undefined): ClientKeys | undefined {
  if (auth?.kind === 'jwksUri') return { kind: 'jwks-uri', uri: auth.url }
  if (auth?.kind !== 'jwks') return undefined
  return { kind: 'jwks', jwks: { keys: [...auth.keys] } }
}
