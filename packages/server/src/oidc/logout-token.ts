/* OpenID Connect Back-Channel Logout 1.0, sections 2.4 to 2.6: what a logout token must be. */
import { decodeJwt, type JWTPayload, jwtVerify } from 'jose'
import type { Clock } from '#authority'
import { addMs, epochSeconds, type Instant, instant, toInstant } from '#domain'
import { allowedAlgorithms } from './algorithms.ts'
import { isKeyFault } from './key-fault.ts'
import { type Provider, type Providers, ProviderUnavailable } from './providers.ts'

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'
const typesAccepted = ['logout+jwt', 'application/logout+jwt', 'jwt']
const skewSeconds = 60
/** An announcement older than this is none, whatever its `exp`: it bounds how long a `jti` is kept. */
const ageSecondsMax = 900
const textMax = 512
const tokenMax = 16_384

export interface LogoutToken {
  readonly kind: 'logout'
  readonly providerId: string
  readonly issuer: string
  /** The session that ended there; null: all of the subject. */
  readonly providerSid: string | null
  readonly subject: string | null
  /** The end of the second of its `iat`. */
  readonly issuedAt: Instant
  readonly id: string
  /** Until when a replay must be known as one. */
  readonly rememberUntil: Instant
}

export type LogoutTokenVerdict =
  | LogoutToken
  /** 400; `why` is for the log. */
  | { readonly kind: 'invalid'; readonly why: string }
  /** The provider's keys cannot be read: 503, so that it tries again. */
  | { readonly kind: 'unavailable'; readonly retryAfterMs: number }

export async function verifyLogoutToken(
  providers: Providers,
  clock: Pick<Clock, 'now'>,
  token: string,
): Promise<LogoutTokenVerdict> {
  const issuer = issuerIn(token)
  if (issuer === undefined) return invalid('it is no JWT with an issuer')
  // Several clients of one provider may be configured: the audience tells which is meant.
  const candidates = await candidatesFor(providers, issuer)
  let verdict: LogoutTokenVerdict = invalid('its issuer is no configured provider')
  for (const provider of candidates) {
    verdict = await verifyFor(provider, clock, { token, issuer })
    if (verdict.kind !== 'invalid') return verdict
  }
  return verdict
}

function issuerIn(token: string): string | undefined {
  if (token.length > tokenMax) return undefined
  try {
    return decodeJwt(token).iss
  } catch {
    return undefined
  }
}

/** A provider that has not been asked yet may turn out to call itself so. */
async function candidatesFor(providers: Providers, issuer: string): Promise<readonly Provider[]> {
  const named = providers.ofIssuer(issuer)
  if (named.length > 0) return named
  await providers.warm()
  return providers.ofIssuer(issuer)
}

interface Given {
  readonly token: string
  readonly issuer: string
}

async function verifyFor(
  provider: Provider,
  clock: Pick<Clock, 'now'>,
  { token, issuer }: Given,
): Promise<LogoutTokenVerdict> {
  try {
    const { keys, metadata } = await provider.discovered()
    if (!provider.isIssuer(issuer)) return invalid('its issuer is no configured provider')
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      algorithms: allowedAlgorithms(metadata.id_token_signing_alg_values_supported),
      issuer,
      audience: provider.settings.clientId,
      clockTolerance: skewSeconds,
      currentDate: new Date(clock.now()),
      requiredClaims: ['iat', 'exp', 'jti', 'events'],
    })
    if (!typesAccepted.includes((protectedHeader.typ ?? 'jwt').toLowerCase())) {
      return invalid('its typ is of another kind of token')
    }
    return judged(provider, issuer, payload, clock.now())
  } catch (error) {
    return refusal(error)
  }
}

function judged(
  provider: Provider,
  issuer: string,
  payload: JWTPayload,
  now: Instant,
): LogoutTokenVerdict {
  const { iat, exp, jti, sub, sid, events } = payload
  if (payload['nonce'] !== undefined) return invalid('it has a nonce, so it is an ID token')
  if (!isLogoutEvent(events)) return invalid('it does not announce a logout')
  if (iat === undefined || exp === undefined) return invalid('it has no iat or exp')
  const ageSeconds = now / 1000 - iat
  if (ageSeconds > ageSecondsMax) return invalid('it was issued too long ago')
  if (ageSeconds < -skewSeconds) return invalid('it was issued in the future')
  const [providerSid, subject] = [bounded(sid), bounded(sub)]
  const id = bounded(jti)
  if (id === null) return invalid('its jti cannot be used')
  if (providerSid === null && subject === null) return invalid('it has neither sid nor sub')
  const issued = toInstant(epochSeconds(Math.floor(iat)))
  const rememberUntil = addMs(issued, (ageSecondsMax + skewSeconds) * 1000)
  const token = { issuer, providerSid, subject, id, issuedAt: addMs(issued, 999) }
  const { id: providerId } = provider.settings
  return {
    kind: 'logout',
    providerId,
    ...token,
    rememberUntil: instant(Math.max(rememberUntil, now)),
  }
}

function isLogoutEvent(events: unknown): boolean {
  if (typeof events !== 'object' || events === null) return false
  const event = (events as Readonly<Record<string, unknown>>)[logoutEvent]
  return typeof event === 'object' && event !== null && !Array.isArray(event)
}

function bounded(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= textMax ? value : null
}

function refusal(error: unknown): LogoutTokenVerdict {
  if (error instanceof ProviderUnavailable) {
    return { kind: 'unavailable', retryAfterMs: error.retryAfterMs }
  }
  if (isKeyFault(error)) return { kind: 'unavailable', retryAfterMs: 1000 }
  return invalid(error instanceof Error ? error.message : String(error))
}

function invalid(why: string): LogoutTokenVerdict {
  return { kind: 'invalid', why }
}
