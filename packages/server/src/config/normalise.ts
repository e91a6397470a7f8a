import { type DevicePolicy, Secret } from '#domain'
import { parseCidr } from './addresses.ts'
import type {
  Config,
  DeviceClassConfig,
  LimitsConfig,
  RateLimit,
  RedisConfig,
  ServerConfig,
  SessionsConfig,
  StoreConfig,
} from './config.ts'
import { durationMs, durationSeconds } from './durations.ts'
import { listenAddress, optionalListen } from './listen.ts'
import { normaliseClient, normaliseUser } from './normalise-clients.ts'
import { normaliseGateway } from './normalise-gateway.ts'
import { normalisePages } from './normalise-pages.ts'
import { normaliseProvider } from './normalise-providers.ts'
import { leastKeepEndedMs } from './rules/lifetime-rules.ts'
import type { RawConfig } from './schema.ts'

/** Turns a configuration that passed every rule into the values that the server works with. */
export function normalise(raw: RawConfig, { logo }: { readonly logo: string | null }): Config {
  return deepFreeze({
    server: normaliseServer(raw.server),
    store: normaliseStore(raw.store),
    redis: normaliseRedis(raw.redis),
    secrets: ring(raw.secrets),
    identityProviders: raw.identityProviders.map(normaliseProvider),
    users: raw.users.map(normaliseUser),
    clients: raw.clients.map(normaliseClient),
    tokens: normaliseTokens(raw.tokens),
    sessions: normaliseSessions(raw),
    gateway: normaliseGateway(raw),
    revocation: normaliseRevocation(raw.revocation),
    webhooks: raw.webhooks.map(normaliseWebhook),
    effects: { giveUpAfterMs: durationMs(raw.effects.giveUpAfter) },
    cors: { origins: raw.cors.origins.map(originOf) },
    limits: normaliseLimits(raw.limits),
    audit: { retentionMs: durationMs(raw.audit.retention) },
    pages: normalisePages(raw.pages, logo),
  })
}

function normaliseServer(raw: RawConfig['server']): ServerConfig {
  const url = new URL(raw.publicUrl)
  const basePath = url.pathname.replace(/\/$/, '')
  return {
    publicUrl: url.origin + basePath,
    origin: url.origin,
    basePath,
    secure: url.protocol === 'https:',
    listen: listenAddress(raw.listen),
    metricsListen: optionalListen(raw.metricsListen),
    adminListen: optionalListen(raw.adminListen),
    trustedProxies: raw.trustedProxies.map((text) => checked(parseCidr(text))),
    shutdownDelayMs: durationMs(raw.shutdownDelay),
    workers: raw.workers,
    logLevel: raw.logLevel,
  }
}

function normaliseStore(raw: string): StoreConfig {
  return raw.startsWith('sqlite:')
    ? { kind: 'sqlite', path: raw.slice('sqlite:'.length) }
    : { kind: 'postgres', url: new Secret(raw) }
}

function normaliseRedis(raw: RawConfig['redis']): RedisConfig | null {
  if (raw === null) return null
  if (typeof raw === 'string') {
    return { kind: 'single', url: new Secret(raw), keyPrefix: 'curfew:', ca: null }
  }
  const { keyPrefix, ca } = raw
  if ('url' in raw) return { kind: 'single', url: new Secret(raw.url), keyPrefix, ca }
  if ('cluster' in raw) {
    return { kind: 'cluster', urls: raw.cluster.map((url) => new Secret(url)), keyPrefix, ca }
  }
  const { master, nodes, username, password } = raw.sentinel
  return {
    kind: 'sentinel',
    master,
    nodes: nodes.map((url) => new Secret(url)),
    username,
    password: password === null ? null : new Secret(password),
    keyPrefix,
    ca,
  }
}

function ring(texts: readonly string[]): Config['secrets'] {
  const [first, ...rest] = texts.map((text) => new Secret(text))
  return [checked(first), ...rest]
}

function normaliseTokens(raw: RawConfig['tokens']): Config['tokens'] {
  return {
    accessTtlSeconds: durationSeconds(raw.accessTtl),
    refreshTtlMs: durationMs(raw.refreshTtl),
    refreshGraceMs: durationMs(raw.refreshGrace),
    algorithm: raw.algorithm,
    audience: raw.audience,
    claims: raw.claims,
    keyActivationDelayMs: durationMs(raw.keyActivationDelay),
  }
}

const ninetyDaysMs = 7_776_000_000

function normaliseSessions(raw: RawConfig): SessionsConfig {
  const { absoluteTtl, idleTtl, devices, keepEnded } = raw.sessions
  const global = { idleTtlMs: durationMs(idleTtl), absoluteTtlMs: durationMs(absoluteTtl) }
  const classes = Object.entries(devices).map(
    ([name, device]) => [name, normaliseDevice(name, device, global)] as const,
  )
  const byName: Record<string, DeviceClassConfig> = Object.create(null)
  for (const [name, device] of classes) byName[name] = device
  const unlessGiven = Math.max(ninetyDaysMs, leastKeepEndedMs(raw))
  const keepEndedMs = keepEnded === null ? unlessGiven : durationMs(keepEnded)
  return { ...global, devices: byName, keepEndedMs }
}

function normaliseDevice(
  name: string,
  raw: RawConfig['sessions']['devices'][string],
  global: { readonly idleTtlMs: number; readonly absoluteTtlMs: number },
): DeviceClassConfig {
  const { policy, limit, idleTtl, absoluteTtl, lostResponse, accessTtl } = raw
  const placed: DevicePolicy = policy === 'multiple' ? { policy, limit } : { policy }
  return {
    name,
    policy: placed,
    idleTtlMs: idleTtl === null ? global.idleTtlMs : durationMs(idleTtl),
    absoluteTtlMs: absoluteTtl === null ? global.absoluteTtlMs : durationMs(absoluteTtl),
    lostResponseMs: durationMs(lostResponse),
    accessTtlSeconds: accessTtl === null ? null : durationSeconds(accessTtl),
  }
}

function normaliseRevocation(raw: RawConfig['revocation']): Config['revocation'] {
  return {
    pullIntervalMs: durationMs(raw.pullInterval),
    maxStalenessMs: durationMs(raw.maxStaleness),
    onStale: raw.onStale,
    channel: raw.channel,
    retentionMs: durationMs(raw.retention),
  }
}

function normaliseWebhook({
  url,
  secret,
  events,
}: RawConfig['webhooks'][number]): Config['webhooks'][number] {
  const secrets = typeof secret === 'string' ? [secret] : secret
  return { url, secrets: secrets.map((text) => new Secret(text)), events }
}

function normaliseLimits(raw: RawConfig['limits']): LimitsConfig {
  return {
    tokenRequestsPerSession: rateLimit(raw.tokenRequestsPerSession),
    tokenRequestsPerAddress: rateLimit(raw.tokenRequestsPerAddress),
    failedClientAuth: rateLimit(raw.failedClientAuth),
    sessionStarts: rateLimit(raw.sessionStarts),
    signIns: rateLimit(raw.signIns),
    deviceAuthorizations: rateLimit(raw.deviceAuthorizations),
    userCodeGuesses: rateLimit(raw.userCodeGuesses),
    unknownKeys: rateLimit(raw.unknownKeys),
    eventStreamsPerCaller: raw.eventStreamsPerCaller,
    eventStreams: raw.eventStreams,
  }
}

const secondsPer: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 }

function rateLimit(raw: RawConfig['limits']['signIns']): RateLimit | null {
  if (raw === 'off') return null
  const [number = '', unit = ''] = raw.rate.split('/')
  return {
    perSecond: Number(number) / checked(secondsPer[unit]),
    burst: raw.burst ?? Number(number),
  }
}

/** Scheme, host and port as a browser writes them in `Origin`. */
function originOf(text: string): string {
  return new URL(text).origin
}

/** The rules let nothing through that has no value here; a hole in them must not go unseen. */
function checked<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('a rule of the configuration let a wrong value pass')
  return value
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const member of Object.values(value)) deepFreeze(member)
  return Object.freeze(value)
}
