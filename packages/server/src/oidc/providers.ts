/*
 * The configured providers. Each is discovered when it is first needed, so one that is down at the start
 * heals without a restart:
 *
 *   unknown -> asking -> known (asked again behind after `freshMs`) -> …
 *           -> resting (back-off; asked again by the first request after it) -> asking …
 */
import { createRemoteJWKSet, type JWTVerifyGetKey, customFetch as joseFetch } from 'jose'
import * as client from 'openid-client'
import type { Clock } from '#authority'
import { addMs, type Instant } from '#domain'
import { clientKey } from './client-key.ts'
import { githubMetadata } from './github.ts'
import { KeysAhead } from './keys-ahead.ts'
import { presetOf } from './presets.ts'
import { createProviderFetch, type ProviderFetch } from './provider-http.ts'
import type { ProviderSettings, ProxyEnvironment } from './settings.ts'

/** The provider cannot be asked now: 503, and nothing is concluded about anybody. */
export class ProviderUnavailable extends Error {
  readonly code = 'provider_unavailable'
  readonly retryAfterMs: number

  constructor(id: string, retryAfterMs: number, cause: unknown) {
    const why = cause instanceof Error ? causeText(cause) : String(cause)
    super(`the identity provider ${id} cannot be used now: ${why}`, { cause })
    this.retryAfterMs = retryAfterMs
  }
}

/** What is known of a provider once it was discovered. */
export interface Discovered {
  readonly metadata: client.ServerMetadata
  /** With all checks of ID tokens, their signature as well. */
  readonly configuration: client.Configuration
  /** For what openid-client does not verify: logout tokens, access tokens. */
  readonly keys: JWTVerifyGetKey
}

export interface Provider {
  readonly settings: ProviderSettings
  readonly fetch: ProviderFetch
  /** @throws ProviderUnavailable */
  discovered(): Promise<Discovered>
  /** Is this the provider's name for itself? A multi-tenant one has many. */
  isIssuer(issuer: string): boolean
}

export interface ProvidersOptions {
  readonly settings: readonly ProviderSettings[]
  readonly proxyEnv: ProxyEnvironment
  readonly clock: Pick<Clock, 'now'>
  /** Called when a provider becomes known or cannot be reached; never holds a credential. */
  readonly onChange?: (id: string, error: Error | undefined) => void
}

/** Clocks differ; openid-client alone would allow for half a minute. */
const tolerant = { [client.clockTolerance]: 120 }
const freshMs = 3_600_000
const backOffMsMin = 1000
const backOffMsMax = 30_000
/** Unknown key ids cost one fetch in so long (rule 37). */
const keysCooldownMs = 30_000

export class Providers {
  readonly #options: Omit<ProvidersOptions, 'settings'>
  #providers: ReadonlyMap<string, OneProvider>

  constructor({ settings, ...options }: ProvidersOptions) {
    this.#options = options
    this.#providers = this.#build(settings)
  }

  /** After a reload. A provider whose settings are the same objects or equal keeps what it knows. */
  replace(settings: readonly ProviderSettings[]): void {
    this.#providers = this.#build(settings)
  }

  get(id: string): Provider | undefined {
    return this.#providers.get(id)
  }

  list(): readonly Provider[] {
    return [...this.#providers.values()]
  }

  /** Which of them may have sent something that names this issuer; usually one. */
  ofIssuer(issuer: string): readonly Provider[] {
    return this.list().filter((provider) => provider.isIssuer(issuer))
  }

  /** Discovers all of them ahead of the first request. What fails heals later. */
  async warm(): Promise<void> {
    await Promise.allSettled(this.list().map((provider) => provider.discovered()))
  }

  #build(settings: readonly ProviderSettings[]): ReadonlyMap<string, OneProvider> {
    const known = this.#providers as ReadonlyMap<string, OneProvider> | undefined
    return new Map(
      settings.map((one) => {
        const before = known?.get(one.id)
        const same = before !== undefined && fingerprint(before.settings) === fingerprint(one)
        return [one.id, same ? before : new OneProvider(one, this.#options)]
      }),
    )
  }
}

class OneProvider implements Provider {
  readonly settings: ProviderSettings
  readonly fetch: ProviderFetch
  readonly #options: Omit<ProvidersOptions, 'settings'>
  #known: { readonly discovered: Discovered; readonly at: Instant } | undefined
  #asking: Promise<Discovered> | undefined
  #failed: { readonly count: number; readonly until: Instant; readonly error: unknown } | undefined

  constructor(settings: ProviderSettings, options: Omit<ProvidersOptions, 'settings'>) {
    this.settings = settings
    this.#options = options
    this.fetch = createProviderFetch(settings, options.proxyEnv)
  }

  async discovered(): Promise<Discovered> {
    const now = this.#options.clock.now()
    if (this.#known !== undefined) {
      if (now >= addMs(this.#known.at, freshMs) && !this.#resting(now)) {
        // What is known stays good until something newer is.
        this.#ask().catch(() => undefined)
      }
      return this.#known.discovered
    }
    if (this.#failed !== undefined && this.#resting(now)) {
      throw new ProviderUnavailable(this.settings.id, this.#failed.until - now, this.#failed.error)
    }
    return this.#ask()
  }

  isIssuer(issuer: string): boolean {
    const metadata = this.#known?.discovered.metadata
    if (issuer === this.settings.issuer || issuer === metadata?.issuer) return true
    const tenants = metadata?.issuer.includes('{tenantid}') === true
    if (!tenants || metadata === undefined) return false
    const [head = '', tail = ''] = metadata.issuer.split('{tenantid}')
    const tenant = issuer.slice(head.length, issuer.length - tail.length)
    return issuer === head + tenant + tail && /^[0-9a-f-]{36}$/.test(tenant)
  }

  #resting(now: Instant): boolean {
    return this.#failed !== undefined && now < this.#failed.until
  }

  #ask(): Promise<Discovered> {
    this.#asking ??= this.#discover().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #discover(): Promise<Discovered> {
    const { clock, onChange } = this.#options
    try {
      const discovered = await discover(this.settings, this.fetch, clock)
      this.#known = { discovered, at: clock.now() }
      this.#failed = undefined
      onChange?.(this.settings.id, undefined)
      return discovered
    } catch (error) {
      const count = (this.#failed?.count ?? 0) + 1
      const backOffMs = Math.min(backOffMsMin * 2 ** (count - 1), backOffMsMax)
      this.#failed = { count, until: addMs(clock.now(), backOffMs), error }
      const unavailable = new ProviderUnavailable(this.settings.id, backOffMs, error)
      onChange?.(this.settings.id, unavailable)
      throw unavailable
    }
  }
}

async function discover(
  settings: ProviderSettings,
  fetch: ProviderFetch,
  clock: Pick<Clock, 'now'>,
): Promise<Discovered> {
  const auth = await authOf(settings)
  const keysAhead = new KeysAhead(fetch, clock)
  const configuration = await configurationOf(settings, keysAhead.fetch, auth)
  // The fetch has its own limit, which a refresh may exceed as long as its lease lasts.
  configuration.timeout = undefined
  const found = { ...configuration.serverMetadata() }
  const metadata = { ...presetOf(settings).metadata(settings.issuer, found), ...found }
  if (metadata.jwks_uri !== undefined) client.enableNonRepudiationChecks(configuration)
  keysAhead.know(metadata)
  return { metadata, configuration, keys: keysOf(metadata, settings, fetch) }
}

async function configurationOf(
  settings: ProviderSettings,
  fetch: ProviderFetch,
  auth: client.ClientAuth,
): Promise<client.Configuration> {
  const { preset, issuer, clientId } = settings
  const execute = insecure(settings) ? [client.allowInsecureRequests] : []
  if (preset !== 'github') {
    const options = { [client.customFetch]: fetch, timeout: settings.timeoutMs / 1000, execute }
    return client.discovery(new URL(issuer), clientId, tolerant, auth, options)
  }
  const configuration = new client.Configuration(githubMetadata(issuer), clientId, tolerant, auth)
  configuration[client.customFetch] = fetch
  for (const extend of execute) extend(configuration)
  return configuration
}

function keysOf(
  metadata: client.ServerMetadata,
  settings: ProviderSettings,
  fetch: ProviderFetch,
): JWTVerifyGetKey {
  if (metadata.jwks_uri === undefined) {
    return () => Promise.reject(new Error(`${settings.id} publishes no keys`))
  }
  return createRemoteJWKSet(new URL(metadata.jwks_uri), {
    [joseFetch]: (url, options) => fetch(url, options),
    timeoutDuration: settings.timeoutMs,
    cooldownDuration: keysCooldownMs,
  })
}

/** https is required unless the operator has written http for this provider. */
function insecure({ issuer, internalUrl }: ProviderSettings): boolean {
  return issuer.startsWith('http:') || internalUrl?.startsWith('http:') === true
}

async function authOf({ auth }: ProviderSettings): Promise<client.ClientAuth> {
  switch (auth.kind) {
    case 'none':
      return client.None()
    case 'privateKey':
      return client.PrivateKeyJwt(await clientKey(auth.key))
    case 'secret':
      return secretAuth(auth.secret.reveal())
    default:
      return auth satisfies never
  }
}

/** Providers disagree on how Basic escapes the secret (RFC 6749, section 2.3.1): post goes first. */
function secretAuth(secret: string): client.ClientAuth {
  const post = client.ClientSecretPost(secret)
  const basic = client.ClientSecretBasic(secret)
  return (server, about, body, headers) => {
    const offered = server.token_endpoint_auth_methods_supported
    const chosen = offered?.includes('client_secret_post') === true ? post : basic
    chosen(server, about, body, headers)
  }
}

function fingerprint(settings: ProviderSettings): string {
  const { auth } = settings
  const secret =
    auth.kind === 'secret'
      ? auth.secret.reveal()
      : auth.kind === 'privateKey'
        ? auth.key.reveal()
        : ''
  return JSON.stringify([settings, secret])
}

function causeText(error: Error): string {
  const cause = error.cause instanceof Error ? error.cause : undefined
  return cause === undefined ? error.message : `${error.message} (${cause.message})`
}
