/**
 * Joins fields for a MAC, a key derivation or associated data. Each is preceded by its length in four
 * bytes, so that no two lists of fields give the same bytes (rule 13).
 */
export function frame(...fields: readonly (string | Uint8Array)[]): Buffer {
  const parts = fields.map((field) => (typeof field === 'string' ? Buffer.from(field) : field))
  const framed = Buffer.allocUnsafe(parts.reduce((size, part) => size + 4 + part.length, 0))
  let at = 0
  for (const part of parts) {
    at = framed.writeUInt32BE(part.length, at)
    framed.set(part, at)
    at += part.length
  }
  return framed
}
