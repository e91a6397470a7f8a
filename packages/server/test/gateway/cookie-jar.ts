/* A browser's cookies (RFC 6265bis): by host and path, host-only or for a domain; ports do not count. */
interface Kept {
  readonly name: string
  readonly value: string
  readonly host: string
  readonly hostOnly: boolean
  readonly path: string
  readonly secure: boolean
}

export class CookieJar {
  #kept: readonly Kept[] = []

  take(url: URL, setCookies: readonly string[]): void {
    for (const line of setCookies) this.#take(url, line)
  }

  /** The `Cookie` header for a URL; undefined when there is none to send. */
  header(url: URL): string | undefined {
    const fitting = this.#kept.filter((one) => fits(one, url))
    if (fitting.length === 0) return undefined
    return fitting.map(({ name, value }) => `${name}=${value}`).join('; ')
  }

  value(url: URL, name: string): string | undefined {
    return this.#kept.find((one) => one.name === name && fits(one, url))?.value
  }

  set(url: URL, name: string, value: string): void {
    this.#take(url, `${name}=${value}; Path=/`)
  }

  clear(): void {
    this.#kept = []
  }

  #take(url: URL, line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
    const equals = pair.indexOf('=')
    const given = new Map(attributes.map((one) => splitAttribute(one)))
    const domain = given.get('domain')?.replace(/^\./, '')
    const kept: Kept = {
      name: pair.slice(0, equals),
      value: pair.slice(equals + 1),
      host: domain ?? url.hostname,
      hostOnly: domain === undefined,
      path: given.get('path') ?? '/',
      secure: given.has('secure'),
    }
    // A browser drops what the host may not set (RFC 6265bis, section 5.7).
    if (domain !== undefined && url.hostname !== domain && !url.hostname.endsWith(`.${domain}`))
      return
    if (kept.name.startsWith('__Host-') && (domain !== undefined || kept.path !== '/')) return
    this.#kept = this.#kept.filter((one) => !isSame(one, kept))
    if (given.get('max-age') !== '0') this.#kept = [...this.#kept, kept]
  }
}

function splitAttribute(text: string): readonly [string, string] {
  const equals = text.indexOf('=')
  if (equals < 0) return [text.toLowerCase(), '']
  return [text.slice(0, equals).toLowerCase(), text.slice(equals + 1)]
}

function isSame(a: Kept, b: Kept): boolean {
  return a.name === b.name && a.host === b.host && a.path === b.path
}

function fits({ host, hostOnly, path, secure }: Kept, url: URL): boolean {
  const { hostname, pathname, protocol } = url
  const onHost = hostname === host || (!hostOnly && hostname.endsWith(`.${host}`))
  const below = pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`)
  return onHost && below && (!secure || protocol === 'https:')
}
