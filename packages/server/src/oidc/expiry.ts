import { addMs, type Instant, instant } from '#domain'

/** No longer than a date can sensibly hold; a provider may send any number. */
const secondsMax = 10 * 366 * 86_400

/**
 * When the tokens run out: the access token, because it is what is renewed and handed on; without its
 * `expires_in` the ID token (rule 24); null when neither says.
 */
export function tokensExpireAt(
  now: Instant,
  expiresIn: number | undefined,
  idTokenExp: number | undefined,
): Instant | null {
  if (expiresIn !== undefined && Number.isFinite(expiresIn)) {
    return addMs(now, Math.floor(Math.min(Math.max(0, expiresIn), secondsMax) * 1000))
  }
  if (idTokenExp === undefined || !Number.isFinite(idTokenExp)) return null
  return instant(Math.floor(Math.min(Math.max(idTokenExp, 0) * 1000, now + secondsMax * 1000)))
}
