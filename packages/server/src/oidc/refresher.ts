/* Asks a provider for new tokens, once for each call, and says what kind of answer came (rule 21). */
import { decodeJwt } from 'jose'
import * as client from 'openid-client'
import type {
  Clock,
  GrantResult,
  ProviderGrants,
  ProviderTokens,
  RefreshOrder,
  RevocationOrder,
  RevocationResult,
} from '#authority'
import { type Claims, type ProviderGrant, Secret } from '#domain'
import { tokensExpireAt } from './expiry.ts'
import { silenceIn } from './flow-failures.ts'
import { judgeEmail, mergeClaims, speaksOf, verifiedEmail } from './identity.ts'
import { judgedPerson, type Person, SubjectMismatch, tell } from './person.ts'
import { presetOf } from './presets.ts'
import { type GrantWatch, watchGrant } from './provider-http.ts'
import { type Discovered, type Provider, type Providers, ProviderUnavailable } from './providers.ts'

export function createProviderGrants(options: {
  readonly providers: Providers
  readonly clock: Pick<Clock, 'now'>
}): ProviderGrants {
  const { providers, clock } = options
  return {
    rules: (providerId) => {
      const settings = providers.get(providerId)?.settings
      if (settings === undefined) return undefined
      const { timeoutMs, graceOnFaultMs, maxRefreshTokenAgeMs } = settings
      const { revocation } = presetOf(settings)
      return { timeoutMs, graceOnFaultMs, maxRefreshTokenAgeMs, revocation }
    },
    refresh: (order) => refresh(providers.get(order.providerId), clock, order),
    reread: (order) => reread(providers.get(order.providerId), order),
    revokeAtProvider: (order) => revoke(providers.get(order.providerId), order),
  }
}

async function refresh(
  provider: Provider | undefined,
  clock: Pick<Clock, 'now'>,
  order: RefreshOrder,
): Promise<GrantResult> {
  if (provider === undefined) return fault('session', 'the provider has left the configuration')
  let discovered: Discovered
  try {
    discovered = await provider.discovered()
  } catch (error) {
    if (!(error instanceof ProviderUnavailable)) throw error
    return { ...fault('everyone', error.message), retryAfterMs: error.retryAfterMs }
  }
  const watch: GrantWatch = { signal: order.signal }
  const askedAt = clock.now()
  // Discovery may have taken its time, or the process have slept.
  if (askedAt >= order.sendBefore) return { kind: 'too-late' }
  const secret = order.refreshToken.reveal()
  try {
    const grant = () => client.refreshTokenGrant(discovered.configuration, secret)
    const answer = await watchGrant(watch, grant)
    const claims = answer.claims() as Claims | undefined
    return tokensFrom({ provider, order, askedAt, body: answer, claims })
  } catch (error) {
    const body = tokenBody(watch.answer)
    if (body === undefined) return failure(error, watch.answer)
    // The tokens came; what failed is the ID token beside them. They are the only good ones now.
    return tokensFrom({ provider, order, askedAt, body, claims: undefined })
  }
}

interface TokenBody {
  readonly access_token: string
  readonly id_token?: string | undefined
  readonly refresh_token?: string | undefined
  readonly expires_in?: number | undefined
}

interface Answered {
  readonly provider: Provider
  readonly order: RefreshOrder
  readonly askedAt: ReturnType<Clock['now']>
  readonly body: TokenBody
  /** Verified; undefined: there was no ID token, or none that could be verified. */
  readonly claims: Claims | undefined
}

function tokensFrom({ provider, order, askedAt, body, claims }: Answered): GrantResult {
  const fresh = body.refresh_token
  const idToken = claims === undefined ? undefined : body.id_token
  const tokens: ProviderTokens = {
    accessToken: new Secret(body.access_token),
    idToken: idToken === undefined ? order.idToken : new Secret(idToken),
    refreshToken: fresh === undefined ? order.refreshToken : new Secret(fresh),
  }
  if (claims !== undefined && (claims['sub'] !== order.subject || claims['iss'] !== order.issuer)) {
    return { kind: 'not-this-user', tokens, why: 'the ID token speaks of another subject' }
  }
  const exp = typeof claims?.['exp'] === 'number' ? claims['exp'] : undefined
  const rotated = fresh !== undefined && fresh !== order.refreshToken.reveal()
  const expiresAt = tokensExpireAt(askedAt, body.expires_in, exp)
  if (claims === undefined) return { kind: 'tokens', tokens, expiresAt, rotated, grants: undefined }
  const told = toldAtOnce(provider, claims)
  const person = judgedPerson(provider, order.issuer, withGaps(told, order))
  if (person.kind === 'person' && !person.allowed) {
    return { kind: 'not-this-user', tokens, why: 'the account may no longer be used here' }
  }
  const grants = granted(provider, person, claims)
  if (grants === undefined || tellsRoles(provider, told)) {
    return { kind: 'tokens', tokens, expiresAt, rotated, grants }
  }
  return { kind: 'tokens', tokens, expiresAt, rotated, grants: { ...grants, roles: undefined } }
}

interface Told {
  readonly claims: Claims
  /** Other sources have a word in it, and are asked behind the answer (`reread`). */
  readonly more: boolean
}

/** Nothing is asked here: until the tokens are stored, every moment may be the last of the lease. */
function toldAtOnce({ settings }: Provider, idClaims: Claims): Told {
  const { claimsFrom } = settings
  const claims = claimsFrom.includes('id_token') ? mergeClaims([idClaims]) : {}
  return { claims, more: claimsFrom.some((source) => source !== 'id_token') }
}

/** What only silent sources tell stays as it was until they are heard. */
function withGaps(told: Told, { subject, claims }: RefreshOrder): Claims {
  return mergeClaims([{ sub: subject }, told.claims, ...(told.more ? [claims] : [])])
}

/**
 * Roles are made of what the provider says, never of claims that were kept: a client with `issuer` may have
 * written those, and it gives no roles but those of its `mayGrant` (rule 17). Until all is told they stay.
 */
function tellsRoles({ settings }: Provider, told: Told): boolean {
  return !told.more || settings.rolesClaims.every((name) => speaksOf(told.claims, name))
}

/** `told` is what the provider itself said just now: claims that were kept may have been changed here. */
function granted(provider: Provider, person: Person, told: Claims): ProviderGrant | undefined {
  if (person.kind !== 'person') return undefined
  const { roles, claims } = person
  const silent = !Object.hasOwn(told, 'email')
  const judged = judgeEmail(mergeClaims([told]), provider.settings.trustEmail)
  return { roles, claims, verifiedEmail: silent ? undefined : (verifiedEmail(judged) ?? null) }
}

function tokenBody(text: string | undefined): TokenBody | undefined {
  const body = parsed(text)
  if (typeof body?.['access_token'] !== 'string') return undefined
  const [id, refresh, expires] = [body['id_token'], body['refresh_token'], body['expires_in']]
  return {
    access_token: body['access_token'],
    id_token: typeof id === 'string' ? id : undefined,
    refresh_token: typeof refresh === 'string' ? refresh : undefined,
    expires_in: typeof expires === 'number' ? expires : undefined,
  }
}

function parsed(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/** Spent or revoked. GitHub says so in a body of status 200, in words of its own. */
const refusals = ['invalid_grant', 'bad_refresh_token']
/** Whatever a single session sends, the provider does not want to hear this client at all. */
const clientErrors = ['invalid_client', 'unauthorized_client', 'incorrect_client_credentials']

/** Which of the three kinds a failure is; what is left over has decided nothing: silent. */
function failure(error: unknown, answer: string | undefined): GrantResult {
  const silence = silenceIn(error)
  if (silence !== undefined) {
    return silence.sent
      ? { kind: 'silent', why: silence.message }
      : fault('everyone', silence.message)
  }
  const said = parsed(answer)?.['error']
  if (typeof said === 'string') return byError(said, 400)
  if (error instanceof client.ResponseBodyError) {
    return withRetryAfter(byError(error.error, error.status), error.response)
  }
  if (error instanceof client.WWWAuthenticateChallengeError) {
    return fault('everyone', `status ${error.status}`)
  }
  const response = error instanceof client.ClientError ? error.cause : undefined
  if (response instanceof Response) return withRetryAfter(byStatus(response.status), response)
  if (error instanceof client.ClientError) return { kind: 'silent', why: error.message }
  throw error
}

function byError(error: string, status: number): GrantResult {
  if (refusals.includes(error)) return { kind: 'refused' }
  if (clientErrors.includes(error)) return fault('everyone', error)
  return status >= 500 || status === 429 ? byStatus(status) : fault('session', error)
}

/** A gateway that gave up waiting, or lost its upstream, cannot say what became of the request. */
function byStatus(status: number): GrantResult {
  const why = `status ${status}`
  if (status === 502 || status === 504 || status < 300) return { kind: 'silent', why }
  return fault(status >= 500 || status === 429 ? 'everyone' : 'session', why)
}

type Fault = Extract<GrantResult, { kind: 'fault' }>

function fault(concerns: Fault['concerns'], why: string): Fault {
  return { kind: 'fault', concerns, why, retryAfterMs: null }
}

/** In seconds (RFC 9110, section 10.2.3); a date is not worth a parser here. */
function withRetryAfter(result: GrantResult, response: Response): GrantResult {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  if (result.kind !== 'fault' || !Number.isFinite(seconds) || seconds <= 0) return result
  return { ...result, retryAfterMs: seconds * 1000 }
}

/** All sources again, where there is another than the ID token: its word is newer than the session's. */
async function reread(
  provider: Provider | undefined,
  order: Parameters<ProviderGrants['reread']>[0],
): Promise<ProviderGrant | undefined> {
  const sources = provider?.settings.claimsFrom ?? []
  const { tokens, subject } = order
  const { accessToken, idToken } = tokens
  if (provider === undefined || accessToken === null) return undefined
  if (sources.every((one) => one === 'id_token')) return undefined
  try {
    const discovered = await provider.discovered()
    const { issuer } = discovered.metadata
    const idClaims = idToken === null ? undefined : (decodeJwt(idToken.reveal()) as Claims)
    const asked = { provider, discovered, idClaims, accessToken, subject, issuer }
    const told = await Promise.all(sources.map((source) => tell(source, asked)))
    // One that is away would be missed in the roles: nothing changes until all have spoken.
    if (!told.every((one) => one !== undefined)) return undefined
    const merged = mergeClaims([{ sub: subject }, ...told])
    return granted(provider, judgedPerson(provider, issuer, merged), merged)
  } catch (error) {
    if (error instanceof SubjectMismatch || error instanceof ProviderUnavailable) return undefined
    throw error
  }
}

/** RFC 7009: the refresh token, and with it what was issued for it. */
async function revoke(
  provider: Provider | undefined,
  { tokens }: RevocationOrder,
): Promise<RevocationResult> {
  if (provider === undefined) return unrevoked('the provider has left the configuration')
  const token = tokens.refreshToken ?? tokens.accessToken
  if (token === null) return { kind: 'revoked' }
  try {
    const { configuration, metadata } = await provider.discovered()
    if (metadata.revocation_endpoint === undefined) return { kind: 'unsupported' }
    const hint = tokens.refreshToken === null ? 'access_token' : 'refresh_token'
    await client.tokenRevocation(configuration, token.reveal(), { token_type_hint: hint })
    return { kind: 'revoked' }
  } catch (error) {
    if (error instanceof ProviderUnavailable) return unrevoked(error.message, error.retryAfterMs)
    const why = failure(error, undefined)
    if (why.kind === 'fault') return unrevoked(why.why, why.retryAfterMs)
    return unrevoked(why.kind === 'silent' ? why.why : why.kind)
  }
}

function unrevoked(why: string, retryAfterMs: number | null = null): RevocationResult {
  return { kind: 'failed', why, retryAfterMs }
}
