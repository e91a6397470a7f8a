import type { AccessClaims } from '#authority'

/** The claims of RFC 9068, section 2.2, and ours, if every one has its type; `undefined` otherwise. */
export function readAccessClaims(
  payload: Readonly<Record<string, unknown>>,
): AccessClaims | undefined {
  const { iss, sub, aud, exp, iat, nbf, jti, sid, client_id, roles, device, scope, auth_time } =
    payload
  if (!isTextList(aud) || !isTextList(roles)) return undefined
  if (!isName(iss) || !isName(sub) || !isName(jti) || !isName(sid)) return undefined
  if (!isName(client_id) || !isName(device) || typeof scope !== 'string') return undefined
  if (!isSeconds(exp) || !isSeconds(iat) || !isSeconds(nbf) || !isSeconds(auth_time)) {
    return undefined
  }
  const own = { iss, sub, aud, exp, iat, nbf, jti, sid, client_id, roles, device, scope, auth_time }
  return { ...payload, ...own }
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string')
}

function isSeconds(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
