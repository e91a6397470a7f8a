import { kindOf } from '#authority'
import { type End, Secret, type SessionId } from '#domain'
import { ownValuesMax, type ReadCookies } from './cookies.ts'
import type { Subject } from './requirement.ts'
import type { BearerPolicy } from './settings.ts'

export type Via = 'cookie' | 'bearer'

/** Something that a request presents. `foreign` is a JWT that a rule's own issuers may have signed. */
export interface Credential {
  readonly via: Via
  readonly form: 'cookie' | 'session' | 'jwt' | 'foreign'
  readonly token: Secret
  /** It came by the scheme DPoP: good for tokens that are bound to a key, with their proof (rule 34). */
  readonly dpop: boolean
}

export type Credentials =
  /** Each of them has to lead to the same session (rule 16). */
  | { readonly kind: 'some'; readonly list: readonly [Credential, ...Credential[]] }
  | { readonly kind: 'none' }
  /** A bearer token that can be none of ours: it is not good, whatever else is sent. */
  | { readonly kind: 'bad-bearer' }
  | { readonly kind: 'too-many' }

/** What was sent under the gateway's cookie name, and what `Authorization` says, as the rule wants it. */
export function readCredentials(
  cookies: Pick<ReadCookies, 'own'>,
  authorization: readonly string[],
  policy: BearerPolicy,
): Credentials {
  if (cookies.own.length > ownValuesMax) return { kind: 'too-many' }
  const bearer = policy.kind === 'ignore' ? undefined : readBearer(authorization, policy)
  if (bearer === 'bad') return { kind: 'bad-bearer' }
  const own = cookies.own.filter(isCookieToken).map(cookieCredential)
  const [first, ...more] = bearer === undefined ? own : [bearer, ...own]
  return first === undefined ? { kind: 'none' } : { kind: 'some', list: [first, ...more] }
}

function isCookieToken(value: string): boolean {
  return kindOf(value) === 'cookie'
}

function cookieCredential(value: string): Credential {
  return { via: 'cookie', form: 'cookie', token: new Secret(value), dpop: false }
}

const tokenLengthMax = 16_384
const bearerShape = /^\s*(bearer|dpop) +([A-Za-z0-9._~+/-]+=*)\s*$/i

/** Another scheme (Basic, Digest) is between client and application. RFC 6750, section 2.1; RFC 9449, 7.1. */
function readBearer(
  authorization: readonly string[],
  policy: BearerPolicy,
): Credential | 'bad' | undefined {
  if (!authorization.some((value) => /^\s*(?:bearer|dpop)(?:\s|$)/i.test(value))) return undefined
  if (authorization.length > 1) return 'bad'
  const [, scheme, text] = bearerShape.exec(authorization[0] ?? '') ?? []
  if (text === undefined || text.length > tokenLengthMax) return 'bad'
  const form = formOf(text, policy)
  const dpop = scheme?.toLowerCase() === 'dpop'
  // Tokens of others are not checked for proofs here, and no other kind of ours is bound.
  if (form === undefined || (dpop && form !== 'jwt')) return 'bad'
  return { via: 'bearer', form, token: new Secret(text), dpop }
}

/** The cookie and the refresh token are no bearer tokens here (rules 12 and 15). */
function formOf(text: string, policy: BearerPolicy): 'session' | 'jwt' | 'foreign' | undefined {
  const isJwt = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(text)
  if (policy.kind === 'issuers') return isJwt ? 'foreign' : undefined
  const kind = kindOf(text)
  if (kind === 'session') return 'session'
  return kind === 'access' && isJwt ? 'jwt' : undefined
}

/**
 * Whether the identity behind a session is still good (rule 24): `unavailable` while the provider is at
 * fault and the grace is over; `lapsed` when only a new sign-in can renew it. Neither ends the session.
 */
export type Identity = 'good' | 'unavailable' | 'lapsed'

/** What is wrong with the proof of a bound token, or with its lack (RFC 9449, section 7.1). */
export interface ProofFault {
  readonly error: 'invalid_token' | 'invalid_dpop_proof' | 'use_dpop_nonce'
  readonly nonce: string | null
}

/** What one credential turned out to be. */
export type Presentation =
  | {
      readonly kind: 'live'
      readonly via: Via
      readonly subject: Subject
      readonly identity: Identity
      /** The session's version; anything that grows with its changes. */
      readonly version: number
      /** In milliseconds of the store's clock: until then the answer may be repeated from memory. */
      readonly goodUntil: number
    }
  | { readonly kind: 'ended'; readonly via: Via; readonly sid: SessionId; readonly end: End | null }
  | { readonly kind: 'invalid'; readonly via: Via; readonly proof?: ProofFault }
  | { readonly kind: 'unavailable'; readonly retryAfterSeconds: number }

/** What all credentials of a request show together. */
export type Shown =
  | Exclude<Presentation, { kind: 'unavailable' }>
  | { readonly kind: 'none' }
  | { readonly kind: 'several' }
  | { readonly kind: 'unavailable'; readonly retryAfterSeconds: number }

/**
 * A bad bearer token decides at once. A cookie that is no session counts as none, so that whoever can
 * plant a cookie cannot lock anybody out; one of another session, alive or ended, is rule 16.
 */
export function combine(presented: readonly Presentation[]): Shown {
  const badBearer = presented.find((one) => one.kind === 'invalid' && one.via === 'bearer')
  if (badBearer !== undefined) return badBearer
  const parties = new Set(presented.map(partyOf).filter((party) => party !== undefined))
  if (parties.size > 1) return { kind: 'several' }
  const unavailable = presented.find((one) => one.kind === 'unavailable')
  if (unavailable !== undefined) return unavailable
  const ended = presented.find((one) => one.kind === 'ended')
  if (ended !== undefined) return ended
  const live = presented.filter((one) => one.kind === 'live')
  const first = live.find((one) => one.via === 'bearer') ?? live[0]
  if (first !== undefined) {
    return { ...first, goodUntil: Math.min(...live.map(({ goodUntil }) => goodUntil)) }
  }
  return presented.length === 0 ? { kind: 'none' } : { kind: 'invalid', via: 'cookie' }
}

function partyOf(one: Presentation): string | undefined {
  if (one.kind === 'ended') return one.sid
  if (one.kind !== 'live') return undefined
  return one.subject.sid ?? `foreign ${one.subject.uid}`
}
