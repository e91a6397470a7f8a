import { type CanonicalHost, canonicalHost } from './canonical.ts'
import type { CookieSettings, PublicPlace } from './settings.ts'

/**
 * Whether the gateway's cookie, set by the public host, reaches a host: by its domain, or because both
 * have one name. Ports are no part of a cookie's place (RFC 6265, section 8.5).
 */
export function cookieReach(
  place: PublicPlace,
  { domain }: Pick<CookieSettings, 'domain'>,
): (host: CanonicalHost) => boolean {
  const own = canonicalHost(new URL(place.origin).host)?.name
  const parent = domain === null ? undefined : `.${domain}`
  return ({ name }) => {
    if (name === own || name === domain) return true
    return parent !== undefined && name.endsWith(parent)
  }
}
