import { inflateSync } from 'node:zlib'

export interface Pixels {
  readonly width: number
  readonly height: number
  /** Red, green and blue of each, row by row. */
  readonly data: Uint8Array
}

const signatureBytes = 8

/** What browsers write: eight bits, true colour, not interlaced, opaque. @throws on any other PNG */
export function readPng(png: Buffer): Pixels {
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)]
  const [depth, type, , , interlaced] = png.subarray(24, 29)
  const bytes = type === 2 ? 3 : 4
  if (depth !== 8 || (type !== 2 && type !== 6) || interlaced !== 0) {
    throw new Error('only PNGs of eight bits in true colour are read')
  }
  const stride = width * bytes
  const raw = inflateSync(Buffer.concat(imageData(png)))
  const data = new Uint8Array(width * height * 3)
  let above: Uint8Array = new Uint8Array(stride)
  for (let y = 0; y < height; y++) {
    const at = y * (stride + 1)
    above = unfiltered(raw[at] ?? 0, raw.subarray(at + 1, at + 1 + stride), { above, bytes })
    for (let x = 0; x < width; x++) {
      data.set(above.subarray(x * bytes, x * bytes + 3), (y * width + x) * 3)
    }
  }
  return { width, height, data }
}

function imageData(png: Buffer): Buffer[] {
  const found: Buffer[] = []
  for (let at = signatureBytes; at < png.length; at += png.readUInt32BE(at) + 12) {
    const type = png.toString('latin1', at + 4, at + 8)
    if (type === 'IDAT') found.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)))
  }
  return found
}

/** PNG, 3rd edition, section 9.2: each byte tells what it differs by from its neighbours. */
function unfiltered(
  filter: number,
  row: Uint8Array,
  { above, bytes }: { readonly above: Uint8Array; readonly bytes: number },
): Uint8Array {
  const plain = new Uint8Array(row.length)
  for (const [index, value] of row.entries()) {
    const left = plain[index - bytes] ?? 0
    const up = above[index] ?? 0
    const corner = above[index - bytes] ?? 0
    plain[index] = value + (predictions[filter]?.(left, up, corner) ?? 0)
  }
  return plain
}

const predictions: readonly ((left: number, up: number, corner: number) => number)[] = [
  () => 0,
  (left) => left,
  (_, up) => up,
  (left, up) => (left + up) >> 1,
  paeth,
]

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner
  const [a, b, c] = [left, up, corner].map((one) => Math.abs(guess - one)) as [
    number,
    number,
    number,
  ]
  if (a <= b && a <= c) return left
  return b <= c ? up : corner
}
