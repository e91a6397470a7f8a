import { addMs, type Instant, instant } from '#domain'

/** No longer than a date can sensibly hold; a provider may send any number. */
const secondsMax = 10 * 366 * 86_400
/** Tokens that have run out when they come would have the provider asked at every request. */
const lifeMsMin = 1000

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
    return bounded(now, now + expiresIn * 1000)
  }
  if (idTokenExp === undefined || !Number.isFinite(idTokenExp)) return null
  return bounded(now, idTokenExp * 1000)
}

function bounded(now: Instant, at: number): Instant {
  const latest = addMs(now, secondsMax * 1000)
  return instant(Math.floor(Math.min(Math.max(at, addMs(now, lifeMsMin)), latest)))
}
