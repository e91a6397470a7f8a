/*
 * What a token of another issuer says, read before anybody has asked who signed it: it can only speak
 * against itself here, so one that is refused anyway costs no fetch and no signature. Nothing of it is
 * believed until foreign-tokens.ts has found its key.
 */
import { decodeJwt, decodeProtectedHeader } from 'jose'
import {
  type Claims,
  type EpochSeconds,
  epochSeconds,
  type Instant,
  instant,
  type Json,
  parseUid,
  type Uid,
} from '#domain'
import { asymmetricAlgorithms } from './algorithms.ts'
import { judgeEmail, mergeClaims, rolesOf } from './identity.ts'
import type { KeyHint } from './key-set.ts'

/** Longer ones are refused unread. */
const tokenMax = 16_384
/** The last millisecond that a date can hold. */
const instantMax = 8_640_000_000_000_000
/** For `nbf` and `iat` only; `exp` has none (rule 39). */
const leewaySeconds = 60

export interface ForeignPerson {
  readonly uid: Uid
  readonly roles: readonly string[]
  readonly claims: Claims
  readonly authTime: EpochSeconds | null
  readonly acr: string | null
  readonly expiresAt: Instant
}

export interface ForeignClaims {
  readonly kind: 'read'
  readonly issuer: string
  readonly audience: readonly string[]
  readonly key: KeyHint
  readonly notBefore: Instant
  readonly person: ForeignPerson
}

export interface Unacceptable {
  readonly kind: 'invalid'
  /** For the log; holds nothing of the token. */
  readonly why: string
}

export function readForeignToken(token: string): ForeignClaims | Unacceptable {
  const parts = token.length > tokenMax ? undefined : takeApart(token)
  if (parts === undefined) return invalid('it is no JWT that could be read')
  const { header, claims } = parts
  const key = keyHint(header)
  const audience = audienceOf(claims)
  const times = timesOf(claims)
  const problem = headerProblem(header) ?? kindProblem(claims) ?? sharedProblem(claims, audience)
  if (problem !== undefined) return invalid(problem)
  if (key === undefined) return invalid('its alg is none that is accepted, or its kid is no text')
  if (audience.length === 0) return invalid('it has no aud')
  if (times === undefined) return invalid('it lacks exp or iat, or one of its times is no time')
  const issuer = textOf(claims['iss'])
  const uid = issuer === undefined ? undefined : uidOf(issuer, claims['sub'])
  if (issuer === undefined || uid === undefined) return invalid('its iss and sub make no uid')
  const { notBefore, expiresAt } = times
  const person = { uid, ...described(claims), expiresAt }
  return { kind: 'read', issuer, audience, key, notBefore, person }
}

function takeApart(token: string) {
  try {
    const header: Readonly<Record<string, unknown>> = { ...decodeProtectedHeader(token) }
    return { header, claims: decodeJwt(token) as Claims }
  } catch {
    // Not of three parts, not base64url, not JSON: the caller says so.
    return undefined
  }
}

/** A key that comes with the token (`jwk`, `jku`, `x5c`, `x5u`) is never looked at. */
function keyHint({ alg, kid }: Readonly<Record<string, unknown>>): KeyHint | undefined {
  if (typeof alg !== 'string' || !asymmetricAlgorithms.includes(alg)) return undefined
  return kid === undefined || typeof kid === 'string' ? { alg, kid } : undefined
}

/**
 * RFC 8725, section 3.11: only what says that it is an access token (RFC 9068), or a JWT like any other.
 * So no `logout+jwt`, `dpop+jwt`, `secevent+jwt`, nor whatever comes next.
 */
const typesAccepted = ['jwt', 'at+jwt']

function headerProblem(header: Readonly<Record<string, unknown>>): string | undefined {
  const { typ = 'jwt' } = header
  const type = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : ''
  if (!typesAccepted.includes(type)) return 'its typ is of another kind of token'
  // RFC 7515, section 4.1.11: we understand no critical extension.
  return 'crit' in header ? 'it has an extension that is critical' : undefined
}

/** What an access token never has, and what it is instead. */
const traits: Readonly<Record<string, string>> = {
  nonce: 'it has a nonce, so it is an ID token',
  at_hash: 'it has an at_hash, so it is an ID token',
  c_hash: 'it has a c_hash, so it is an ID token',
  s_hash: 'it has an s_hash, so it is an ID token',
  events: 'it announces an event, so it is no access token',
  // Rule 34: whoever holds it has to prove more, and that proof is not checked here.
  cnf: 'it is bound to a key, and no proof of that key is checked here',
}
/** Keycloak and Cognito say it in a claim, with one `typ` in the header for all of theirs. */
const kindClaims = ['typ', 'token_use']
const otherKinds = ['id', 'refresh', 'offline', 'logout']

function kindProblem(claims: Claims): string | undefined {
  const trait = Object.keys(traits).find((name) => Object.hasOwn(claims, name))
  if (trait !== undefined) return traits[trait]
  const kinds = kindClaims.map((name) => String(claims[name]).toLowerCase())
  return kinds.some((kind) => otherKinds.includes(kind)) ? 'it is no access token' : undefined
}

/** One text, or a list of texts; empty when it is neither. */
function audienceOf({ aud }: Claims): readonly string[] {
  const list: readonly Json[] = Array.isArray(aud) ? aud : [aud ?? null]
  const texts = list.filter((one) => typeof one === 'string')
  return texts.length === list.length ? texts : []
}

/** Good at several places: then it says at least for whom it was made. */
function sharedProblem(claims: Claims, audience: readonly string[]): string | undefined {
  if (audience.length < 2) return undefined
  const party = textOf(claims['azp']) ?? textOf(claims['client_id'])
  return party === undefined ? 'it has several audiences, and neither azp nor client_id' : undefined
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function timesOf(
  claims: Claims,
): { readonly expiresAt: Instant; readonly notBefore: Instant } | undefined {
  const [exp, iat] = [momentOf(claims['exp']), momentOf(claims['iat'])]
  const nbf = claims['nbf'] === undefined ? 0 : momentOf(claims['nbf'])
  if (exp === undefined || iat === undefined || nbf === undefined) return undefined
  const notBefore = Math.max(0, Math.ceil(Math.max(nbf, iat) - leewaySeconds * 1000))
  return { expiresAt: instant(Math.floor(exp)), notBefore: instant(notBefore) }
}

/** Milliseconds of a NumericDate (RFC 7519, section 2). `1e999` is JSON for one that never comes. */
function momentOf(value: Json | undefined): number | undefined {
  if (typeof value !== 'number' || !(value >= 0)) return undefined
  return value * 1000 <= instantMax ? value * 1000 : undefined
}

/** Visible, and nothing that a list in a header would split or a screen would turn round. */
const subjectShape = /^(?!\s)[^\p{C}\p{Zl}\p{Zp},]+$/u

/** Never the uid of one of ours: it begins with the issuer, which ends at the first `|`. */
function uidOf(issuer: string, subject: Json | undefined): Uid | undefined {
  if (typeof subject !== 'string' || !subjectShape.test(subject)) return undefined
  return issuer.includes('|') ? undefined : parseUid(`${issuer}|${subject}`)
}

function described(claims: Claims): Omit<ForeignPerson, 'uid' | 'expiresAt'> {
  return {
    // A comma would make two of one in a header.
    roles: rolesOf(claims, ['roles']).filter((role) => !role.includes(',')),
    claims: { ...aboutThePerson(claims), ...aboutTheGrant(claims) },
    authTime: authTimeOf(claims),
    acr: textOf(claims['acr']) ?? null,
  }
}

/** An e-mail address that the issuer does not vouch for would be anybody's, also one of ours. */
function aboutThePerson(claims: Claims): Claims {
  const person = judgeEmail(mergeClaims([claims]), false)
  if (person['email_verified'] === true) return person
  const { email: _address, email_verified: _no, ...rest } = person
  return rest
}

/** What rules for an API ask for. */
const grantClaims = ['scope', 'scp', 'client_id', 'azp']

function aboutTheGrant(claims: Claims): Claims {
  return Object.fromEntries(
    Object.entries(claims).filter(([name, value]) => grantClaims.includes(name) && value !== null),
  )
}

/** Null as well when it lies after the token: who trusts `maxAge` must not be told a future. */
function authTimeOf(claims: Claims): EpochSeconds | null {
  const [at, issued] = [momentOf(claims['auth_time']), momentOf(claims['iat'])]
  if (at === undefined || issued === undefined || at > issued + leewaySeconds * 1000) return null
  return epochSeconds(Math.floor(at / 1000))
}

function invalid(why: string): Unacceptable {
  return { kind: 'invalid', why }
}
