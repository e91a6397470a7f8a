/*
 * One look at a provider for whoever sets it up: it is discovered as the server will do it, and its keys
 * are read. Every fault comes with its remedy, in the words of the configuration.
 */
import type { Clock } from '#authority'
import { clientKey } from './client-key.ts'
import { KeySet } from './key-set.ts'
import { authorityProblem, type ProviderFault, providerFault } from './provider-fault.ts'
import { type Discovered, type Provider, Providers } from './providers.ts'
import type { ProviderSettings, ProxyEnvironment } from './settings.ts'

export interface TrialOptions {
  readonly settings: ProviderSettings
  readonly proxyEnv: ProxyEnvironment
  readonly clock: Pick<Clock, 'now'>
}

/** What a provider may lack: sign-in works without it. */
export type Lacking =
  | 'end_session_endpoint'
  | 'revocation_endpoint'
  | 'backchannel_logout_supported'
  | 'jwks_uri'

export type ProviderTrial =
  | { readonly kind: 'found'; readonly issuer: string; readonly lacks: readonly Lacking[] }
  | ProviderFault

export async function tryProvider(options: TrialOptions): Promise<ProviderTrial> {
  const { settings } = options
  const own = authorityProblem(settings.ca) ?? (await keyProblem(settings))
  if (own !== undefined) return own
  const provider = new Providers({ ...options, settings: [settings] }).get(settings.id)
  if (provider === undefined) throw new TypeError('a provider was made and is not there')
  try {
    const discovered = await provider.discovered()
    const { metadata } = discovered
    const problem = endpointProblem(discovered) ?? (await readsKeys(provider, discovered))
    return problem ?? { kind: 'found', issuer: metadata.issuer, lacks: lacking(metadata) }
  } catch (error) {
    return providerFault(error, options)
  }
}

async function keyProblem({ auth }: ProviderSettings): Promise<ProviderFault | undefined> {
  if (auth.kind !== 'privateKey') return undefined
  try {
    await clientKey(auth.key)
    return undefined
  } catch (error) {
    const problem = error instanceof Error ? error.message : 'privateKey cannot be used'
    return { kind: 'faulty', problem, fix: 'write an RSA, EC or Ed25519 key as PEM or as JWK' }
  }
}

function endpointProblem({ metadata }: Discovered): ProviderFault | undefined {
  const needed = ['authorization_endpoint', 'token_endpoint'] as const
  const missing = needed.find((name) => metadata[name] === undefined)
  if (missing === undefined) return undefined
  const problem = `its metadata has no ${missing}, so nobody can sign in`
  return { kind: 'faulty', problem, fix: 'is `issuer` the one of an OpenID provider?' }
}

/** @throws ProviderSilent when the keys, or a provider without metadata, cannot be reached */
async function readsKeys(
  { settings, fetch }: Provider,
  { metadata }: Discovered,
): Promise<ProviderFault | undefined> {
  const url = metadata.jwks_uri
  if (url === undefined) {
    // Nothing has been asked of it yet when its metadata is known by heart (github.ts).
    if (settings.preset === 'github') await fetch(settings.issuer, {})
    return undefined
  }
  const response = await fetch(url, { headers: { accept: 'application/json' } })
  const why = response.status === 200 ? keysProblem(await response.text()) : undefined
  if (response.status === 200 && why === undefined) return undefined
  const problem = `its keys at ${url} cannot be read: ${why ?? `it answered ${response.status}`}`
  return { kind: 'faulty', problem, fix: 'ask who runs it; no ID token can be verified without' }
}

function keysProblem(text: string): string | undefined {
  try {
    new KeySet(JSON.parse(text))
    return undefined
  } catch (error) {
    return error instanceof SyntaxError ? 'it is not JSON' : String((error as Error).message)
  }
}

function lacking(metadata: Discovered['metadata']): readonly Lacking[] {
  const names: readonly Lacking[] = ['end_session_endpoint', 'revocation_endpoint', 'jwks_uri']
  const without = names.filter((name) => metadata[name] === undefined)
  return metadata['backchannel_logout_supported'] === true
    ? without
    : [...without, 'backchannel_logout_supported']
}
