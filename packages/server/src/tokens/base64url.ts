/**
 * The bytes behind the one canonical base64url text of them (RFC 4648, section 3.5). Padding, the
 * other alphabet, white space and stray bits in the last character are refused: a credential has one
 * spelling, so that no two texts are the same token.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}
