import ipaddr from 'ipaddr.js'

export interface ListenAddress {
  /** Without brackets, as node:net takes it. */
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
}

/** `host:port`, `[::1]:4455`; undefined when the parts make no address. */
export function parseListen(text: string): ListenAddress | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):([0-9]{1,5})$/.exec(text)
  const port = Number(match?.[3])
  const [, six, host] = match ?? []
  if (match === null || port > 65_535) return undefined
  if (six !== undefined) return ipaddr.IPv6.isValid(six) ? { host: six, port } : undefined
  const looksLikeAddress = /^[0-9.]+$/.test(host ?? '')
  if (looksLikeAddress && !ipaddr.IPv4.isValidFourPartDecimal(host ?? '')) return undefined
  return { host: host ?? '', port }
}

/** 127.0.0.0/8, ::1, localhost and, by RFC 6761 section 6.3, what ends in .localhost. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  if (host === 'localhost' || host.endsWith('.localhost')) return true
  return ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback'
}

export function isIpAddress(hostname: string): boolean {
  return ipaddr.isValid(hostname.replace(/^\[|\]$/g, ''))
}

/** In lower case, an IPv6 address as browsers write it; undefined when it can be nobody's address. */
export function hostPattern(text: string): string | undefined {
  const lower = text.toLowerCase()
  if (!lower.startsWith('[')) return lower
  const end = lower.indexOf(']') + 1
  const address = URL.parse(`http://${lower.slice(0, end)}/`)?.hostname
  return address === undefined ? undefined : address + lower.slice(end)
}

/** An address or a CIDR as `address/prefix`; undefined when it is neither. */
export function parseCidr(text: string): string | undefined {
  const [address = '', prefix, ...rest] = text.split('/')
  const four = ipaddr.IPv4.isValidFourPartDecimal(address)
  if (rest.length > 0 || (!four && !ipaddr.IPv6.isValid(address))) return undefined
  const most = four ? 32 : 128
  if (prefix === undefined) return `${ipaddr.parse(address).toString()}/${most}`
  if (!/^[0-9]{1,3}$/.test(prefix) || Number(prefix) > most) return undefined
  return `${ipaddr.parse(address).toString()}/${Number(prefix)}`
}
