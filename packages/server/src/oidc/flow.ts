/*
 * A person's sign-in at a provider: from `/login` to the answer of the callback.
 *
 *   begun (cookie set) -> returned (state good, used once) -> redeemed -> identity
 *                      -> failed, at any step, with words for the person
 *
 * Nothing is redeemed before the state has been checked, and nothing of an attempt is kept here.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import * as client from 'openid-client'
import type { Clock, OnceStore, ProviderIdentity } from '#authority'
import { addMs } from '#domain'
import {
  type CookieJar,
  type CookieOrder,
  type CookieSeal,
  type Flow,
  FlowCookies,
} from './flow-cookies.ts'
import { codeOf, errorOf, type FlowFailure, failed } from './flow-failures.ts'
import { whyNotAllowed } from './identity.ts'
import { presetOf, scopesFor } from './presets.ts'
import { publicAddress } from './provider-http.ts'
import { identify, identityOf, type TokenAnswer } from './provider-identity.ts'
import type { Discovered, Provider, Providers } from './providers.ts'

export interface BeginInput {
  readonly providerId: string
  /** Checked by the caller (rule 27); sealed and handed back as it is. */
  readonly returnTo: string
  /** The global fence now (rule 1). */
  readonly fence: number
  /** Sealed and handed back as it is. */
  readonly binding?: string | null
  readonly jar: CookieJar
  /** For rules that ask for it: a recent authentication, a stronger one. */
  readonly maxAgeSeconds?: number
  readonly acrValues?: readonly string[]
  readonly prompt?: string
  readonly loginHint?: string
  readonly uiLocales?: string
  /**
   * An application's request at `/oauth/authorize`, sealed and handed back as it is. The sign-in ends at the
   * application then, and a loop is the application's to notice.
   */
  readonly app?: string | null
}

export type Begun =
  | { readonly kind: 'redirect'; readonly url: string; readonly cookies: readonly CookieOrder[] }
  | (FlowFailure & { readonly cookies: readonly CookieOrder[] })

export interface ReturnInput {
  /** The query of the callback, with or without `?`. */
  readonly query: string
  readonly jar: CookieJar
}

export type Returned =
  | {
      readonly kind: 'signed-in'
      readonly identity: ProviderIdentity
      readonly returnTo: string
      readonly fence: number
      readonly binding: string | null
      readonly app: string | null
      readonly cookies: readonly CookieOrder[]
    }
  | (FlowFailure & { readonly cookies: readonly CookieOrder[] })

/** A way back to the target without a sign-in: the browser has a session already. */
export type Bounced =
  | { readonly kind: 'go'; readonly cookies: readonly CookieOrder[] }
  | (FlowFailure & { readonly cookies: readonly CookieOrder[] })

export interface SignInFlow {
  /** `GET /login`, once the provider is chosen. */
  begin(input: BeginInput): Promise<Begun>
  /** `GET /oidc/callback`. @throws StoreUnavailable */
  finish(input: ReturnInput): Promise<Returned>
  /** Counts as a round, so that a loop is noticed here as well. */
  bounce(input: Pick<BeginInput, 'jar' | 'returnTo' | 'providerId'>): Bounced
}

export interface SignInFlowOptions {
  readonly providers: Providers
  readonly seal: CookieSeal
  readonly once: OnceStore
  readonly clock: Pick<Clock, 'now'>
  /** Without a trailing slash. */
  readonly publicUrl: string
}

/** People leave tabs open at the provider's page. */
const flowTtlMs = 3_600_000
/** The cookie outlives the attempt, so that one that took too long says where it wanted to go. */
const cookieTtlSeconds = (2 * flowTtlMs) / 1000
/**
 * So many sign-ins in a row for one target are a loop, when each begins so soon after the one before has
 * come back. A browser that is sent round needs less; people who sign in again and again need more.
 */
const roundsMax = 4
const roundMs = 10_000
const idLength = 12

export function createSignInFlow(options: SignInFlowOptions): SignInFlow {
  const { publicUrl, seal } = options
  const base = new URL(publicUrl).pathname.replace(/\/+$/, '')
  const cookies = new FlowCookies({
    seal,
    secure: publicUrl.startsWith('https:'),
    loginPath: `${base}/login`,
    authorizePath: `${base}/oauth/authorize`,
    callbackPath: `${base}/oidc/callback`,
    flowTtlSeconds: cookieTtlSeconds,
    roundSeconds: roundMs / 1000,
  })
  const tools: Tools = { ...options, cookies, redirectUri: `${publicUrl}/oidc/callback` }
  return {
    begin: (input) => begin(tools, input),
    finish: (input) => finish(tools, input),
    bounce: (input) => bounce(tools, input),
  }
}

interface Tools extends SignInFlowOptions {
  readonly cookies: FlowCookies
  readonly redirectUri: string
}

async function begin(tools: Tools, asked: BeginInput): Promise<Begun> {
  const returnTo = inCookie(asked.returnTo)
  const input = { ...asked, returnTo }
  const { providerId, app = null } = input
  const about = { providerId, returnTo, app }
  const provider = tools.providers.get(providerId)
  if (provider === undefined) return { ...failed('provider_unknown', about), cookies: [] }
  const round = roundOf(tools, input)
  if (round >= roundsMax) {
    return { ...failed('loop', about), cookies: [tools.cookies.dropRound()] }
  }
  try {
    const discovered = await provider.discovered()
    const id = randomBytes(9).toString('base64url')
    const flow = newFlow(tools, input, id, round)
    const url = await redirectUrl(tools, { provider, discovered, flow, input })
    return { kind: 'redirect', url, cookies: tools.cookies.add(input.jar, id, flow) }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    return { ...failed(codeOf(error), { ...about, detail }), cookies: [] }
  }
}

/** A browser drops a longer cookie, and the person would come back to a sign-in that nobody knows. */
const returnToMax = 2400

function inCookie(returnTo: string): string {
  return returnTo.length <= returnToMax ? returnTo : new URL('/', returnTo).href
}

function bounce(tools: Tools, input: Parameters<SignInFlow['bounce']>[0]): Bounced {
  const { providerId, returnTo } = input
  const count = roundOf(tools, input)
  if (count >= roundsMax) {
    return { ...failed('loop', { providerId, returnTo }), cookies: [tools.cookies.dropRound()] }
  }
  const round = { target: targetHash(returnTo), count: count + 1, at: tools.clock.now() }
  return { kind: 'go', cookies: [tools.cookies.setRound(round)] }
}

function roundOf(
  tools: Tools,
  { jar, returnTo, prompt, app = null }: Pick<BeginInput, 'jar' | 'returnTo' | 'prompt' | 'app'>,
): number {
  if (app !== null) return 0
  // The provider is to ask, so a person comes between: no loop has that.
  if (prompt !== undefined) return 0
  const round = tools.cookies.round(jar)
  const recent = round !== undefined && tools.clock.now() < round.at + roundMs
  return recent && round.target === targetHash(returnTo) ? round.count : 0
}

function newFlow(tools: Tools, input: BeginInput, id: string, round: number): Flow {
  return {
    provider: input.providerId,
    // The head names the cookie; the rest is what only this browser knows.
    state: id + randomBytes(24).toString('base64url'),
    nonce: client.randomNonce(),
    verifier: client.randomPKCECodeVerifier(),
    returnTo: input.returnTo,
    fence: input.fence,
    startedAt: tools.clock.now(),
    round,
    maxAge: input.maxAgeSeconds ?? null,
    binding: input.binding ?? null,
    app: input.app ?? null,
  }
}

interface Redirect {
  readonly provider: Provider
  readonly discovered: Discovered
  readonly flow: Flow
  readonly input: BeginInput
}

async function redirectUrl(tools: Tools, { provider, discovered, flow, input }: Redirect) {
  const { settings } = provider
  const oauthOnly = settings.preset === 'github'
  const parameters: Record<string, string> = {
    redirect_uri: tools.redirectUri,
    scope: scopesFor(settings, discovered.metadata.scopes_supported),
    state: flow.state,
    code_challenge: await client.calculatePKCECodeChallenge(flow.verifier),
    code_challenge_method: 'S256',
    ...presetOf(settings).parameters,
    ...(oauthOnly ? {} : { nonce: flow.nonce }),
    ...(flow.maxAge === null ? {} : { max_age: String(flow.maxAge) }),
    ...(input.acrValues === undefined ? {} : { acr_values: input.acrValues.join(' ') }),
    ...(input.prompt === undefined ? {} : { prompt: input.prompt }),
    ...(input.loginHint === undefined ? {} : { login_hint: input.loginHint }),
    ...(input.uiLocales === undefined ? {} : { ui_locales: input.uiLocales }),
  }
  const url = client.buildAuthorizationUrl(discovered.configuration, parameters)
  return publicAddress(settings, url).href
}

async function finish(tools: Tools, { query, jar }: ReturnInput): Promise<Returned> {
  const state = new URLSearchParams(query).getAll('state')
  const id = state.length === 1 ? state[0]?.slice(0, idLength) : undefined
  const flow = id !== undefined && /^[\w-]{12}$/.test(id) ? tools.cookies.flow(jar, id) : undefined
  if (id === undefined || flow === undefined || !same(state[0], flow.state)) {
    return { ...failed('flow_missing'), cookies: [] }
  }
  const spent = tools.cookies.dropFlow(id)
  const { app = null } = flow
  const about = { providerId: flow.provider, returnTo: flow.returnTo, app }
  const expiresAt = addMs(tools.clock.now(), flowTtlMs)
  if (tools.clock.now() >= flow.startedAt + flowTtlMs) {
    return { ...failed('flow_expired', about), cookies: spent }
  }
  const provider = tools.providers.get(flow.provider)
  if (provider === undefined) return { ...failed('provider_unknown', about), cookies: spent }
  if (!isAnswer(query)) return { ...failed('response_incomplete', about), cookies: spent }
  // Of two callbacks with one state, at any replica, one is first.
  if (!(await tools.once.once('sign-in-state', targetHash(flow.state), expiresAt))) {
    return { ...failed('flow_used', about), cookies: spent }
  }
  const redeemed = await redeem(tools, { provider, flow, query })
  if (redeemed.kind === 'failed') return { ...redeemed, cookies: spent }
  const round = { target: targetHash(flow.returnTo), count: flow.round + 1, at: tools.clock.now() }
  const { returnTo, fence, binding } = flow
  // The attempt's own cookie stays: whoever comes back to this callback is led on to the target.
  const cookies = app === null ? [tools.cookies.setRound(round)] : []
  const { identity } = redeemed
  return { kind: 'signed-in', identity, returnTo, fence, binding, app, cookies }
}

/** RFC 6749, section 4.1.2: a code, or an error. */
function isAnswer(query: string): boolean {
  const answer = new URLSearchParams(query)
  return answer.has('code') || answer.has('error')
}

function same(given: string | undefined, kept: string): boolean {
  const [a, b] = [Buffer.from(given ?? ''), Buffer.from(kept)]
  return a.length === b.length && timingSafeEqual(a, b)
}

function targetHash(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

interface Redeeming {
  readonly provider: Provider
  readonly flow: Flow
  readonly query: string
}

type Redeemed = { readonly kind: 'identity'; readonly identity: ProviderIdentity } | FlowFailure

async function redeem(tools: Tools, redeeming: Redeeming): Promise<Redeemed> {
  const { provider, flow } = redeeming
  const about = { providerId: flow.provider, returnTo: flow.returnTo, app: flow.app ?? null }
  try {
    const discovered = await provider.discovered()
    const answer = await exchange(tools, discovered, redeeming)
    const now = tools.clock.now()
    const who = await identify({ provider, discovered }, answer, now)
    if (who.person.kind === 'claims-incomplete') return failed('claims_incomplete', about)
    if (!who.person.allowed) {
      const detail = whyNotAllowed(provider.settings.allow, who.person)
      return failed('not_allowed', { ...about, detail })
    }
    return { kind: 'identity', identity: identityOf(now, provider, answer, who, who.person) }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    return failed(codeOf(error), { ...about, detail, providerError: errorOf(error) })
  }
}

/** How far the provider's clock may be behind ours, where it says when somebody signed in. */
const behindSecondsMax = 30

/** What was asked for held when it was asked: the person has taken time since, perhaps to sign in. */
function maxAgeNow({ clock }: Tools, { startedAt }: Flow, maxAgeSeconds: number): number {
  return maxAgeSeconds + Math.ceil((clock.now() - startedAt) / 1000) + behindSecondsMax
}

function exchange(
  tools: Tools,
  { configuration }: Discovered,
  { provider, flow, query }: Redeeming,
): Promise<TokenAnswer> {
  // Never the address that the request claims: what was registered, and the answer's parameters.
  const url = new URL(tools.redirectUri)
  url.search = query
  const checks = { expectedState: flow.state, pkceCodeVerifier: flow.verifier }
  if (provider.settings.preset === 'github') {
    return client.authorizationCodeGrant(configuration, url, checks)
  }
  return client.authorizationCodeGrant(configuration, url, {
    ...checks,
    expectedNonce: flow.nonce,
    idTokenExpected: true,
    ...(flow.maxAge === null ? {} : { maxAge: maxAgeNow(tools, flow, flow.maxAge) }),
  })
}
