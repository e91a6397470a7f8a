/* RP-Initiated Logout 1.0: where the browser is sent so that the provider's session ends as well. */
import type { Secret } from '#domain'
import { presetOf } from './presets.ts'
import { publicAddress } from './provider-http.ts'
import { type Providers, ProviderUnavailable } from './providers.ts'

export interface SignOutOrder {
  readonly providerId: string
  /** This session's own ID token; another one would end another session at the provider. */
  readonly idToken: Secret | null
  /** One that is registered at the provider. */
  readonly returnUrl: string
  readonly state: string | null
  readonly uiLocales?: string | null
}

/** Undefined: the provider has no such page, or cannot be asked; Curfew's own page is the end then. */
export async function signOutUrl(
  providers: Providers,
  order: SignOutOrder,
): Promise<string | undefined> {
  const provider = providers.get(order.providerId)
  if (provider === undefined) return undefined
  const { settings } = provider
  try {
    const { metadata } = await provider.discovered()
    const page = URL.parse(metadata.end_session_endpoint ?? '')
    if (page === null) return undefined
    const url = publicAddress(settings, page)
    url.searchParams.set('client_id', settings.clientId)
    url.searchParams.set(presetOf(settings).returnParameter, order.returnUrl)
    if (order.idToken !== null) url.searchParams.set('id_token_hint', order.idToken.reveal())
    if (order.state !== null) url.searchParams.set('state', order.state)
    if (order.uiLocales) url.searchParams.set('ui_locales', order.uiLocales)
    return url.href
  } catch (error) {
    if (error instanceof ProviderUnavailable) return undefined
    throw error
  }
}
