import { randomBytes, randomInt } from 'node:crypto'
import type { Logger } from 'pino'
import {
  Behind,
  createGatewayAuthority,
  createProviderRefresh,
  exchangeToken,
  type GatewayAuthority,
  LastSeen,
  type ProviderGrants,
  type ProviderSignals,
} from '#authority'
import type { Config } from '#config'
import { cookieReach, ForwardAuth, HandOff, type MakePage, ReturnTargets } from '#gateway'
import {
  type BrowserDeps,
  forbiddenPage,
  lookOf,
  type Metrics,
  PushedRequests,
  SignOutTickets,
  type TokenExchange,
  unavailablePage,
} from '#http'
import {
  createProviderGrants,
  createSignInFlow,
  ForeignTokens,
  Providers,
  type ProxyEnvironment,
  signOutUrl,
  verifyLogoutToken,
  verifySubjectToken,
} from '#oidc'
import { createDpopProofs, firstInProcess } from '#tokens'
import { forwardAuthPorts } from './forward-auth-ports.ts'
import type { House } from './house.ts'
import type { ServerMemory } from './memory.ts'

/** What browsers, reverse proxies and identity providers meet, joined. */
export interface Front {
  /** The providers, for what is asked of them behind the answers. */
  readonly grants: ProviderGrants
  readonly forwardAuth: ForwardAuth
  readonly browser: BrowserDeps
  readonly exchange: TokenExchange
  /** What SIGHUP takes over. */
  replace(config: Config): void
  /** Finishes grants that are under way and writes what is still to be written. */
  close(): Promise<void>
}

export interface FrontOptions {
  readonly house: House & { readonly memory: ServerMemory }
  readonly log: Logger
  readonly metrics: Metrics
  readonly proxyEnv: ProxyEnvironment
}

export function openFront(options: FrontOptions): Front {
  const { house, metrics } = options
  const { clock, policy, sealer, store } = house
  const { config } = policy
  const providers = openProviders(options)
  const grants = createProviderGrants({ providers, clock })
  const sessions = openSessions(options, grants)
  const handOff = new HandOff({ seal: sealer, once: store, clock, secure: config.server.secure })
  const tickets = new SignOutTickets(sealer, clock)
  const forwardAuth = openForwardAuth(options, { ...sessions, handOff, tickets })
  house.memory.onSessionChange((sid) => {
    sessions.gateway.forget()
    forwardAuth.forget(sid)
  })
  // Another replica has new tokens for it, or new roles: nothing older is handed on from here.
  house.memory.hints.onSessionHint((sid) => house.memory.cache.hint(sid))
  metrics.source('curfew_forward_auth_prepared', () => forwardAuth.prepared.size)
  return {
    grants,
    forwardAuth,
    exchange: exchangeOf(house, providers),
    browser: browserDeps(options, { ...sessions, providers, handOff, tickets }),
    replace: (next) => {
      // First the one that may refuse; then nothing has changed.
      forwardAuth.replace(next.gateway)
      providers.replace(next.identityProviders)
    },
    close: async () => {
      await Promise.all([sessions.behind.idle(), sessions.lastSeen.close()])
    },
  }
}

function openProviders({ house, log, proxyEnv }: FrontOptions): Providers {
  const providers = new Providers({
    settings: house.policy.config.identityProviders,
    proxyEnv,
    clock: house.clock,
    onChange: (provider, error) => {
      if (error === undefined) log.info({ provider }, 'the identity provider is known')
      else log.warn({ provider, why: error.message }, 'the identity provider cannot be used now')
    },
  })
  void providers.warm()
  return providers
}

interface Sessions {
  readonly gateway: GatewayAuthority
  readonly lastSeen: LastSeen
  /** Grants under way. */
  readonly behind: Behind
}

function openSessions(options: FrontOptions, grants: ProviderGrants): Sessions {
  const { house, log, metrics } = options
  const { rooms, sealer: seal, store } = house
  const signals = providerSignals(options)
  const behind = new Behind()
  const refresh = createProviderRefresh({
    ...{ rooms, store, seal, grants, signals, behind },
    owner: () => randomBytes(12).toString('base64url'),
    jitter: () => randomInt(1_000_000) / 1_000_000,
    hints: house.memory.hints,
  })
  const lastSeen = new LastSeen({
    rooms,
    dropped: () => metrics.count('curfew_last_seen_dropped_total', {}),
    failed: (err) => log.error({ err }, 'the last use of a session could not be written'),
  })
  metrics.source('curfew_last_seen_waiting', () => lastSeen.waiting)
  const gateway = createGatewayAuthority({
    ...{ store, seal, lastSeen, behind },
    rooms: { ...rooms, refresh },
  })
  return { gateway, lastSeen, behind }
}

function providerSignals({ log, metrics }: FrontOptions): ProviderSignals {
  return {
    refreshed: (provider, result, why) => {
      metrics.count('curfew_provider_refresh_total', { result })
      if (result === 'refreshed') log.debug({ provider, result }, 'a grant at a provider')
      else log.warn({ provider, result, why }, 'a grant at a provider brought no tokens')
    },
  }
}

interface Gate extends Pick<Sessions, 'gateway'> {
  readonly handOff: HandOff
  readonly tickets: SignOutTickets
}

function openForwardAuth(options: FrontOptions, gate: Gate): ForwardAuth {
  const { house } = options
  const { server, gateway: settings } = house.policy.config
  const foreign = openForeignTokens(options)
  return new ForwardAuth({
    place: server,
    path: `${server.basePath}/forward-auth`,
    settings,
    trustedProxies: server.trustedProxies,
    ports: forwardAuthPorts({ ...options, ...gate, foreign, dpop: proofsHere(house) }),
    page: pagesOf(house.policy),
    ownListener: settings.listen !== null,
  })
}

/** Forward auth is asked for every request: a write for each would cost more than all the rest. */
function proofsHere({ ring, clock }: House) {
  return createDpopProofs({ ring, clock, first: firstInProcess(clock) })
}

function openForeignTokens({ house, log, proxyEnv }: FrontOptions): ForeignTokens {
  return new ForeignTokens({
    proxyEnv,
    clock: house.clock,
    onChange: (issuer, error) => {
      if (error === undefined) log.info({ issuer }, 'the keys of the issuer are known')
      else log.warn({ issuer, why: error.message }, 'the keys of the issuer cannot be read now')
    },
  })
}

function pagesOf(policy: House['policy']): MakePage {
  const settings = { pages: () => policy.config.pages }
  return (kind, detail, acceptLanguage) => {
    const look = lookOf({ settings }, { headers: { 'accept-language': acceptLanguage ?? '' } })
    const { notAllowed, notReachable } = look.texts
    return kind === 'unavailable'
      ? unavailablePage({ detail: notReachable(detail), reference: null, retryUrl: null }, look)
      : forbiddenPage(
          { detail: notAllowed(detail), reference: null, signOutUrl: `${policy.issuer}/signout` },
          look,
        )
  }
}

function browserDeps(
  { house }: FrontOptions,
  joined: Gate & { readonly providers: Providers },
): BrowserDeps {
  const { clock, policy, sealer: seal, store } = house
  const { server, gateway } = policy.config
  const { publicUrl } = server
  const { providers } = joined
  return {
    gateway: joined.gateway,
    flow: createSignInFlow({ providers, seal, once: store, clock, publicUrl }),
    providers,
    targets: () => targetsOf(policy.config),
    cookie: { ...gateway.cookie, secure: server.secure },
    reaches: cookieReach(server, gateway.cookie),
    prefix: gateway.prefix,
    handOff: joined.handOff,
    tickets: joined.tickets,
    pushed: new PushedRequests(seal, store, clock),
    signOutUrl: (order) => signOutUrl(providers, order),
    verifyLogoutToken: (token) => verifyLogoutToken(providers, clock, token),
  }
}

function exchangeOf({ clock, policy, rooms, sealer: seal, store }: House, providers: Providers) {
  const judging = { providers, clock, ownIssuer: policy.issuer }
  return {
    verify: (token) => verifySubjectToken(judging, token),
    start: (input) => exchangeToken({ rooms, store, seal }, input),
  } satisfies TokenExchange
}

const known = new WeakMap<Config, ReturnTargets>()

/** Made once for each configuration. */
function targetsOf(config: Config): ReturnTargets {
  const targets = known.get(config) ?? new ReturnTargets(config.server, config.gateway)
  known.set(config, targets)
  return targets
}
