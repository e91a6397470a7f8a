import { type ListenAddress, parseListen } from './addresses.ts'

/** The address of a text that the rules have accepted. */
export function listenAddress(text: string): ListenAddress {
  const address = parseListen(text)
  if (address === undefined) throw new TypeError('a rule let a wrong address pass')
  return address
}

export function optionalListen(text: string | null): ListenAddress | null {
  return text === null ? null : listenAddress(text)
}
