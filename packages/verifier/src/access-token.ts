/*
 * An access token of Curfew's (RFC 9068) and what it must be, apart from time and the session's end, which
 * are asked anew at each call. The key decides the algorithm, never the token.
 */
import { compactVerify, errors } from 'jose'
import { VerifyError } from './errors.ts'
import { isSessionId, type SessionId, type UserId } from './ids.ts'
import type { Keys, VerifyKey } from './keys.ts'

/** The claims of API.md, section 3; more may stand beside them. */
export interface AccessClaims {
  readonly iss: string
  readonly sub: UserId
  readonly aud: string | readonly string[]
  readonly exp: number
  readonly iat: number
  readonly nbf?: number
  readonly jti?: string
  readonly sid: SessionId
  readonly client_id?: string
  readonly roles?: readonly string[]
  readonly device?: string
  readonly scope?: string
  readonly auth_time?: number
  readonly amr?: readonly string[]
  readonly acr?: string
  /** The thumbprint of the key that it is bound to (RFC 9449, section 6.1). */
  readonly cnf?: { readonly jkt: string }
  readonly [claim: string]: unknown
}

export interface Expectations {
  readonly issuer: string
  readonly audience: ReadonlySet<string>
}

/** Longer ones are refused unread. Curfew's own are under 2 KB, unless the copied claims are huge. */
export const tokenLengthMax = 16_384

/** A `Date` holds no later second. */
const secondsMax = 8_640_000_000_000

const compactShape = /^[\w-]+\.[\w-]+\.[\w-]+$/

/** The key's id, of a token that looks like one of ours. @throws VerifyError */
function readHeader(token: string): { readonly kid: string; readonly alg: string } {
  if (typeof token !== 'string' || token === '') throw new VerifyError('missing')
  if (token.length > tokenLengthMax || !compactShape.test(token)) throw new VerifyError('malformed')
  const header = decodeHeader(token.slice(0, token.indexOf('.')))
  const { typ, alg, kid } = header
  if (typeof alg !== 'string') throw new VerifyError('malformed')
  // RFC 9068, section 4. An ID token or a logout token is signed by the same keys.
  if (typeof typ !== 'string' || !/^(?:application\/)?at\+jwt$/i.test(typ)) {
    throw new VerifyError('wrong_type')
  }
  // RFC 7515, section 4.1.11: no critical extension is understood here.
  if ('crit' in header || typeof kid !== 'string') throw new VerifyError('bad_signature')
  return { kid, alg }
}

/** The key that the token names. @throws VerifyError */
export async function keyOf(token: string, keys: Pick<Keys, 'find'>): Promise<VerifyKey> {
  const { kid, alg } = readHeader(token)
  const found = await keys.find(kid)
  if (found.kind === 'unavailable') throw new VerifyError('keys_unavailable')
  if (found.kind === 'unknown' || found.key.alg !== alg) throw new VerifyError('bad_signature')
  return found.key
}

/** Is it signed by this key, and does it say what is expected? @throws VerifyError */
export async function verifySigned(
  token: string,
  key: VerifyKey,
  expected: Expectations,
): Promise<AccessClaims> {
  return judgeClaims(await signedPayload(token, key), expected)
}

async function signedPayload(token: string, { key, alg }: VerifyKey): Promise<Uint8Array> {
  try {
    const { payload } = await compactVerify(token, key, { algorithms: [alg] })
    return payload
  } catch (error) {
    const malformed = error instanceof errors.JWSInvalid
    throw new VerifyError(malformed ? 'malformed' : 'bad_signature', { cause: error })
  }
}

function judgeClaims(payload: Uint8Array, { issuer, audience }: Expectations): AccessClaims {
  const claims = parseObject(new TextDecoder().decode(payload))
  if (claims === undefined) throw new VerifyError('malformed')
  const { iss, sub, exp, iat, nbf, roles, sid, aud } = claims
  if (iss !== issuer) throw new VerifyError('wrong_issuer')
  if (!namesOneOf(aud, audience)) throw new VerifyError('wrong_audience')
  if (!isSessionId(sid)) throw new VerifyError('no_sid')
  const times = [exp, iat, nbf ?? 0]
  if (typeof sub !== 'string' || sub === '' || !times.every(isSeconds)) {
    throw new VerifyError('malformed')
  }
  if (roles !== undefined && !isTextList(roles)) throw new VerifyError('malformed')
  // Rule 34: bound to anything but a DPoP key, it needs a proof that nobody here can check.
  if ('cnf' in claims && !isDpopKey(claims['cnf'])) throw new VerifyError('wrong_type')
  return freezeDeep(claims) as unknown as AccessClaims
}

function isDpopKey(cnf: unknown): boolean {
  if (typeof cnf !== 'object' || cnf === null || Object.keys(cnf).length !== 1) return false
  return 'jkt' in cnf && typeof cnf.jkt === 'string' && cnf.jkt !== ''
}

function namesOneOf(aud: unknown, audience: ReadonlySet<string>): boolean {
  const named: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  return named.some((one) => typeof one === 'string' && audience.has(one))
}

function decodeHeader(part: string): Record<string, unknown> {
  try {
    const header = parseObject(atob(part.replaceAll('-', '+').replaceAll('_', '/')))
    if (header !== undefined) return header
  } catch {
    // No base64url: malformed, as what follows says.
  }
  throw new VerifyError('malformed')
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** One session object serves every request that brings its token: nobody may write into it. */
function freezeDeep(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  for (const inner of Object.values(value)) freezeDeep(inner)
  return Object.freeze(value)
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= secondsMax
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string')
}
