import type { IncomingMessage } from 'node:http'
import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6
type Range = [Address, number]

/** How often a proxy's chain is followed: longer ones are somebody's play. */
const hopsMax = 32

/**
 * Who the client is: the peer, unless that is a trusted proxy; then the right-most entry of
 * X-Forwarded-For that is not one. Recorded and used as a key of limits, never judged.
 */
export class ClientAddresses {
  readonly #trusted: readonly Range[]

  constructor(trustedProxies: readonly string[]) {
    this.#trusted = trustedProxies.map(parseRange)
  }

  /** Canonical text: IPv4-mapped IPv6 as IPv4, IPv6 as RFC 5952 says. Null when the peer has gone. */
  of(request: Pick<IncomingMessage, 'socket' | 'headers'>): string | null {
    const peer = request.socket.remoteAddress
    if (peer === undefined) return null
    if (this.#trusted.length === 0) return canonical(peer)
    return this.#follow(peer, request.headers['x-forwarded-for'])
  }

  #follow(peer: string, forwarded: string | string[] | undefined): string | null {
    let current = parseAddress(peer)
    if (current === undefined) return null
    const hops = entriesOf(forwarded).slice(-hopsMax)
    while (hops.length > 0 && this.#isTrusted(current)) {
      const next = parseAddress(withoutPort(hops.pop() ?? ''))
      // An entry that cannot be read ends what is known: the hop that sent it stands.
      if (next === undefined) break
      current = next
    }
    return current.toString()
  }

  #isTrusted(address: Address): boolean {
    return this.#trusted.some(([range, bits]) => {
      if (address.kind() !== range.kind()) return false
      return address.match(range as ipaddr.IPv4 & ipaddr.IPv6, bits)
    })
  }
}

/** The canonical text of an address that a client wrote; undefined when it is none. */
export function parseIp(text: string): string | undefined {
  return isAddress(text) ? parseAddress(text)?.toString() : undefined
}

/** The key of a limit: one customer usually holds a whole /64 of IPv6. */
export function addressKey(address: string | null): string {
  if (address === null) return 'unknown'
  if (!address.includes(':')) return address
  const parsed = parseAddress(address)
  if (parsed === undefined || parsed.kind() === 'ipv4') return address
  const bytes = parsed.toByteArray().map((byte, index) => (index < 8 ? byte : 0))
  return `${ipaddr.fromByteArray(bytes).toString()}/64`
}

function canonical(peer: string): string | null {
  // The usual forms of a peer need no parser: this runs on every token request.
  if (!peer.includes(':')) return peer
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(peer)
  return mapped?.[1] ?? parseAddress(peer)?.toString() ?? null
}

function parseAddress(text: string): Address | undefined {
  const bare = text.replace(/%.*$/, '')
  // Zero-padded and shortened forms of IPv4 mean different things to different readers.
  if (!isAddress(bare)) return undefined
  return ipaddr.process(bare)
}

function isAddress(text: string): boolean {
  if (text.length > 64 || text.includes('%')) return false
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)
}

function parseRange(cidr: string): Range {
  const [address = '', bits] = cidr.split('/')
  const parsed = ipaddr.process(address)
  const full = parsed.kind() === 'ipv4' ? 32 : 128
  const length = bits === undefined ? full : Number(bits)
  // ::ffff:10.0.0.0/104 was unmapped to IPv4 with its address, so its length is, too.
  const mapped = address.includes(':') && parsed.kind() === 'ipv4'
  return [parsed, mapped && bits !== undefined ? length - 96 : length]
}

function entriesOf(forwarded: string | string[] | undefined): string[] {
  if (forwarded === undefined) return []
  const text = typeof forwarded === 'string' ? forwarded : forwarded.join(',')
  return text.split(',').map((entry) => entry.trim())
}

/** `192.0.2.1:443`, `[2001:db8::1]:443` and `[2001:db8::1]` are written by some proxies. */
function withoutPort(entry: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(entry)
  if (bracketed !== null) return bracketed[1] ?? ''
  return entry.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
}
