/*
 * ID tokens that others got from a provider and bring here for a session (RFC 8693; rule 32). Nothing of
 * a sign-in of ours vouches for them, no state and no nonce: so whom they were made for, their age and
 * their single use (authority/exchange.ts) have to.
 */
import { createHash } from 'node:crypto'
import { decodeJwt, type JWTPayload, jwtVerify } from 'jose'
import type { Clock, ProviderIdentity } from '#authority'
import { addMs, type Claims, epochSeconds, type Instant, toInstant } from '#domain'
import { allowedAlgorithms } from './algorithms.ts'
import { mergeClaims, verifiedEmail, whyNotAllowed } from './identity.ts'
import { isKeyFault } from './key-fault.ts'
import { judgedPerson } from './person.ts'
import { type Provider, type Providers, ProviderUnavailable } from './providers.ts'
import { kindProblem, partyProblem } from './subject-token-claims.ts'

const tokenMax = 16_384
const textMax = 512
/** Rule 32. */
const ageSecondsMax = 300
/** For `iat` and `nbf` only, as clocks differ; `exp` has none. */
const skewSeconds = 60

export interface SubjectToken {
  readonly kind: 'subject'
  readonly identity: ProviderIdentity
  /** Of what was signed: two signatures of one text are one token. */
  readonly digest: string
  /** By the provider's clock, in whole seconds. */
  readonly issuedAt: Instant
  /** Until when a second use must be known as one. */
  readonly rememberUntil: Instant
}

export type SubjectTokenVerdict =
  | SubjectToken
  /** `why` is for the log and holds nothing of the token; `detail` may name the person, for the log alone. */
  | { readonly kind: 'invalid'; readonly why: string; readonly detail?: string }
  /** The provider's keys cannot be read: 503. */
  | { readonly kind: 'unavailable'; readonly retryAfterMs: number }

export interface SubjectTokensDeps {
  readonly providers: Providers
  readonly clock: Pick<Clock, 'now'>
  /** Whose tokens are never taken, also where somebody configured it as a provider. */
  readonly ownIssuer: string
}

export async function verifySubjectToken(
  deps: SubjectTokensDeps,
  token: string,
): Promise<SubjectTokenVerdict> {
  const issuer = issuerIn(token)
  if (issuer === undefined) return invalid('it is no JWT with an issuer')
  // Before anybody is asked for keys.
  if (sameIssuer(issuer, deps.ownIssuer)) return invalid('it is one of ours')
  const candidates = await candidatesFor(deps.providers, issuer)
  const own = candidates.map(({ settings }) => settings.clientId)
  const takers = candidates.filter(({ settings }) => settings.exchangeAudiences.length > 0)
  let verdict: SubjectTokenVerdict = invalid('its issuer is no provider with exchangeAudiences')
  for (const provider of takers) {
    verdict = await verifyFor(deps, provider, { token, issuer, own })
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

function sameIssuer(one: string, other: string): boolean {
  return one.replace(/\/+$/, '') === other.replace(/\/+$/, '')
}

/** Only those that take any. One that has not been asked yet may turn out to call itself so. */
async function candidatesFor(providers: Providers, issuer: string): Promise<readonly Provider[]> {
  const named = providers.ofIssuer(issuer)
  if (named.length > 0) return named
  if (!providers.list().some(({ settings }) => settings.exchangeAudiences.length > 0)) return []
  await providers.warm()
  return providers.ofIssuer(issuer)
}

interface Given {
  readonly token: string
  readonly issuer: string
  /** Our client ids at that issuer, of all providers that are configured with it. */
  readonly own: readonly string[]
}

async function verifyFor(
  { clock }: SubjectTokensDeps,
  provider: Provider,
  { token, issuer, own }: Given,
): Promise<SubjectTokenVerdict> {
  try {
    const { keys, metadata } = await provider.discovered()
    if (!provider.isIssuer(issuer)) return invalid('its issuer is no configured provider')
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      algorithms: allowedAlgorithms(metadata.id_token_signing_alg_values_supported),
      issuer,
      clockTolerance: skewSeconds,
      currentDate: new Date(clock.now()),
      requiredClaims: ['iat', 'exp', 'sub', 'aud'],
    })
    const problem =
      kindProblem(protectedHeader, payload) ??
      partyProblem(payload, provider.settings.exchangeAudiences, own) ??
      timeProblem(payload, clock.now())
    if (problem !== undefined) return invalid(problem)
    return judged(provider, { token, issuer }, payload)
  } catch (error) {
    return refusal(error)
  }
}

function timeProblem({ iat = 0, exp = 0 }: JWTPayload, now: Instant): string | undefined {
  const ageSeconds = now / 1000 - iat
  if (ageSeconds > ageSecondsMax) return 'it was issued more than five minutes ago'
  if (ageSeconds < -skewSeconds) return 'it was issued in the future'
  return now >= exp * 1000 ? 'it has expired' : undefined
}

function judged(
  provider: Provider,
  { token, issuer }: Pick<Given, 'token' | 'issuer'>,
  payload: JWTPayload,
): SubjectTokenVerdict {
  const claims = payload as Claims
  const subject = bounded(payload.sub)
  if (subject === null) return invalid('its sub cannot be used')
  const told = provider.settings.claimsFrom.includes('id_token') ? [claims] : []
  const person = judgedPerson(provider, issuer, mergeClaims([{ sub: subject }, ...told]))
  if (person.kind === 'claims-incomplete') return invalid('it lacks claims that the uid is made of')
  if (!person.allowed) {
    const detail = whyNotAllowed(provider.settings.allow, person)
    return { ...invalid('its person is not on the allow list of the provider'), detail }
  }
  const { uid, roles } = person
  const identity: ProviderIdentity = {
    ...{ providerId: provider.settings.id, issuer, subject, uid, roles, claims: person.claims },
    ...{ providerSid: bounded(payload['sid']), acr: bounded(payload['acr']) },
    amr: textsIn(payload['amr']),
    verifiedEmail: verifiedEmail(person.claims) ?? null,
    // It was not issued to us: neither a hint for the provider's sign-out nor for anybody to be handed.
    tokens: { accessToken: null, idToken: null, refreshToken: null },
    tokensExpireAt: null,
    authTime: authTimeOf(payload),
  }
  return {
    kind: 'subject',
    identity,
    digest: digestOf(token),
    issuedAt: issuedAt(payload),
    rememberUntil: addMs(issuedAt(payload), (ageSecondsMax + skewSeconds) * 1000),
  }
}

/** ECDSA signatures can be rewritten without the key: so only what they sign counts. */
function digestOf(token: string): string {
  return createHash('sha256')
    .update(token.slice(0, token.lastIndexOf('.')))
    .digest('base64url')
}

function issuedAt({ iat = 0 }: JWTPayload): Instant {
  return toInstant(epochSeconds(Math.max(0, Math.floor(iat))))
}

/** Null as well when it lies after the token: nobody signs in later than that. */
function authTimeOf({ auth_time: at, iat = 0 }: JWTPayload): ProviderIdentity['authTime'] {
  if (typeof at !== 'number' || !(at >= 0 && at <= iat + skewSeconds)) return null
  return epochSeconds(Math.floor(at))
}

function bounded(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= textMax ? value : null
}

function textsIn(value: unknown): readonly string[] | null {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : null
}

function refusal(error: unknown): SubjectTokenVerdict {
  if (error instanceof ProviderUnavailable) {
    return { kind: 'unavailable', retryAfterMs: error.retryAfterMs }
  }
  if (isKeyFault(error)) return { kind: 'unavailable', retryAfterMs: 1000 }
  return invalid(error instanceof Error ? error.message : String(error))
}

function invalid(why: string): Extract<SubjectTokenVerdict, { kind: 'invalid' }> {
  return { kind: 'invalid', why }
}
