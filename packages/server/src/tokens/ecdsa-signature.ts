/*
 * ES256 signatures in two spellings: r and s side by side in 64 bytes, as JWS has them (RFC 7518,
 * section 3.4), and DER, as OpenSSL makes them. node:crypto converts by itself when it is asked to,
 * but only through an options object, which makes it import the key anew for each call: 85 against
 * 32 microseconds for a signature, 137 against 84 for its verification (bench/).
 */
const partLength = 32
const derIntegerTag = 0x02
const derSequenceTag = 0x30

/** @throws RangeError when it is not a DER signature over P-256 */
export function joinedFromDer(der: Uint8Array): Buffer {
  const [r, afterR] = integerAt(der, 2)
  const [s, end] = integerAt(der, afterR)
  if (der[0] !== derSequenceTag || der[1] !== der.length - 2 || end !== der.length) throw notDer()
  const joined = Buffer.alloc(2 * partLength)
  joined.set(r, partLength - r.length)
  joined.set(s, 2 * partLength - s.length)
  return joined
}

/** `undefined` unless it is exactly 64 bytes. */
export function derFromJoined(joined: Uint8Array): Buffer | undefined {
  if (joined.length !== 2 * partLength) return undefined
  const r = derInteger(joined.subarray(0, partLength))
  const s = derInteger(joined.subarray(partLength))
  return Buffer.concat([Buffer.from([derSequenceTag, r.length + s.length]), r, s])
}

/** The integer without leading zeros, and where the next one begins. */
function integerAt(der: Uint8Array, offset: number): readonly [Uint8Array, number] {
  const length = der[offset + 1]
  if (der[offset] !== derIntegerTag || length === undefined || length > partLength + 1) {
    throw notDer()
  }
  const start = offset + 2
  const end = start + length
  if (end > der.length) throw notDer()
  const value = der.subarray(der[start] === 0 ? start + 1 : start, end)
  if (value.length > partLength) throw notDer()
  return [value, end]
}

/** DER integers are signed and as short as can be. */
function derInteger(part: Uint8Array): Buffer {
  const first = part.findIndex((byte) => byte !== 0)
  const short = first === -1 ? Buffer.from([0]) : Buffer.from(part.subarray(first))
  const negative = (short[0] ?? 0) >= 0x80
  const value = negative ? Buffer.concat([Buffer.from([0]), short]) : short
  return Buffer.concat([Buffer.from([derIntegerTag, value.length]), value])
}

function notDer(): RangeError {
  return new RangeError('not a DER signature over P-256')
}
