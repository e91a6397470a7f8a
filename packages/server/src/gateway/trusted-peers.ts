import { BlockList, isIPv6 } from 'node:net'

/** How many peers are remembered; there are usually one or two. */
const rememberedMax = 1024

/** Whose description of a request is believed. By default nobody's (attack class C7). */
export class TrustedPeers {
  readonly #ranges = new BlockList()
  readonly #known = new Map<string, boolean>()

  /** @param cidrs `10.0.0.0/8`, `::1/128` or a single address */
  constructor(cidrs: readonly string[]) {
    for (const cidr of cidrs) {
      const [address = '', bits] = cidr.split('/')
      const family = isIPv6(address) ? 'ipv6' : 'ipv4'
      const length = bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits)
      this.#ranges.addSubnet(address, length, family)
    }
  }

  /** `undefined`: the peer has gone, or came over a Unix socket. */
  trusts(peer: string | undefined): boolean {
    if (peer === undefined) return false
    const known = this.#known.get(peer)
    if (known !== undefined) return known
    const trusted = this.#check(peer)
    if (this.#known.size >= rememberedMax) this.#known.clear()
    this.#known.set(peer, trusted)
    return trusted
  }

  #check(peer: string): boolean {
    // A socket for both families writes IPv4 peers so.
    const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(peer)?.[1]
    const address = mapped ?? peer.replace(/%.*$/, '')
    return this.#ranges.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
  }
}
