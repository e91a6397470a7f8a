import { X509Certificate } from 'node:crypto'

/** Each of its certificates: a bundle that is broken in one place would trust less than it says. */
export function isBundle(pem: string): boolean {
  const blocks = pem.split(/(?=-----BEGIN )/).filter((block) => block.startsWith('-----BEGIN '))
  try {
    for (const block of blocks) new X509Certificate(block)
    return blocks.length > 0
  } catch {
    return false
  }
}
