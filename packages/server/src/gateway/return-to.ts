/*
 * Where sign-in and sign-out may lead (rule 27; attack class C1). What is allowed comes back as an
 * absolute URL that the URL Standard's parser has written, so that no browser reads another host in it.
 */
import { type CanonicalHost, canonicalHost, formatHost } from './canonical.ts'
import { HostSet } from './hosts.ts'
import type { GatewaySettings, PublicPlace } from './settings.ts'

export type ReturnTarget =
  | { readonly kind: 'allowed'; readonly url: string; readonly host: CanonicalHost }
  | { readonly kind: 'refused'; readonly why: 'unreadable' | 'scheme' | 'host' }

const lengthMax = 8192

export class ReturnTargets {
  readonly #place: PublicPlace
  readonly #hosts: HostSet
  readonly #publicHost: string

  constructor(
    place: PublicPlace,
    settings: Pick<GatewaySettings, 'rules' | 'returnTo' | 'cookie'>,
  ) {
    const { domain } = settings.cookie
    this.#place = place
    this.#publicHost = new URL(place.origin).host
    this.#hosts = new HostSet([
      ...settings.rules.flatMap((rule) => rule.hosts),
      ...settings.returnTo,
      ...(domain === null ? [] : [domain, `*.${domain}`]),
    ])
  }

  check(text: string): ReturnTarget {
    // Browsers drop tabs and line breaks and read \ as /; nothing honest has any of them.
    if (text.length > lengthMax || !/^[!-[\]-~]+$/.test(text)) return refused('unreadable')
    return text.startsWith('/') ? this.#path(text) : this.#absolute(text)
  }

  #path(text: string): ReturnTarget {
    if (text.startsWith('//')) return refused('unreadable')
    return this.#parsed(URL.parse(text, this.#place.origin))
  }

  #absolute(text: string): ReturnTarget {
    // Exactly two slashes: the URL Standard also takes https:host and https:///host for a host.
    const [, authority] = /^https?:\/\/([^/?#]+)(?:[/?#]|$)/i.exec(text) ?? []
    if (authority === undefined) return refused('scheme')
    // A second reader, which knows neither user names nor escapes, has to see the same host.
    const url = URL.parse(text)
    const host = canonicalHost(authority)
    if (url === null || host === undefined || host.name !== nameOf(url)) return refused('host')
    return this.#parsed(url)
  }

  #parsed(url: URL | null): ReturnTarget {
    if (url === null || url.username !== '' || url.password !== '') return refused('unreadable')
    if (url.protocol !== 'https:' && (url.protocol !== 'http:' || this.#place.secure)) {
      return refused('scheme')
    }
    const host = canonicalHost(url.host)
    if (host === undefined) return refused('host')
    const allowed = formatHost(host) === this.#publicHost || this.#hosts.has(host)
    return allowed ? { kind: 'allowed', url: url.href, host } : refused('host')
  }
}

/** The URL Standard keeps a trailing dot. */
function nameOf(url: URL): string {
  return url.hostname.endsWith('.') ? url.hostname.slice(0, -1) : url.hostname
}

function refused(why: Extract<ReturnTarget, { kind: 'refused' }>['why']): ReturnTarget {
  return { kind: 'refused', why }
}
