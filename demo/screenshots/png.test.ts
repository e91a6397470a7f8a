import { deflateSync, inflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { palettePng } from './palette-png.ts'
import { readPng } from './read-png.ts'

/** One chunk of a PNG; nobody here looks at its checksum. */
function chunk(type: string, data: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  return Buffer.concat([length, Buffer.from(type), data, Buffer.alloc(4)])
}

function png(type: number, rows: readonly (readonly number[])[]): Buffer {
  const header = [0, 0, 0, 2, 0, 0, 0, rows.length, 8, type, 0, 0, 0]
  const data = deflateSync(Uint8Array.from(rows.flat()))
  return Buffer.concat([
    Buffer.alloc(8),
    chunk('IHDR', Uint8Array.from(header)),
    chunk('IDAT', data),
  ])
}

test('a picture is read whichever filter its rows have', () => {
  const rows = [
    [0, 10, 20, 30, 40, 50, 60],
    [1, 10, 20, 30, 30, 30, 30],
    [2, 0, 0, 0, 0, 0, 0],
    [3, 5, 10, 15, 15, 15, 15],
    [4, 0, 0, 0, 30, 30, 30],
  ]
  const { width, height, data } = readPng(png(2, rows))
  expect([width, height]).toEqual([2, 5])
  const [one, two] = [
    [10, 20, 30],
    [40, 50, 60],
  ]
  // Up and Sub repeat the row; Average and Paeth differ by what is added to the neighbours.
  expect([...data.subarray(0, 18)]).toEqual([one, two, one, two, one, two].flat())
  expect([...data.subarray(18, 24)]).toEqual([10, 20, 30, 40, 50, 60])
  expect([...data.subarray(24, 27)]).toEqual([10, 20, 30])
})

test('transparency is left out, and other kinds of PNG are refused', () => {
  const { data } = readPng(png(6, [[0, 1, 2, 3, 255, 4, 5, 6, 255]]))
  expect([...data]).toEqual([1, 2, 3, 4, 5, 6])
  expect(() => readPng(png(3, [[0, 1, 2]]))).toThrow('true colour')
})

test('a picture with a palette has the most common colours, and the nearest for others', () => {
  const flat = Array.from({ length: 256 }, (_, index) => [index, 0, 0, index, 0, 0]).flat()
  const rare = [7, 1, 0, 7, 0, 0]
  const data = Uint8Array.from([...flat, ...rare])
  const small = palettePng({ width: 2, height: 257, data })
  expect(small.subarray(1, 4).toString()).toBe('PNG')
  const at = small.indexOf('PLTE')
  expect(small.readUInt32BE(at - 4)).toBe(768)
  const palette = small.subarray(at + 4, at + 4 + 768)
  const from = small.indexOf('IDAT')
  const rows = inflateSync(small.subarray(from + 4, from + 4 + small.readUInt32BE(from - 4)))
  // The last row: its filter, and twice the nearest to what there was no room for.
  const [, index = 0, other] = rows.subarray(-3)
  expect(index).toBe(other)
  expect([...palette.subarray(3 * index, 3 * index + 3)]).toEqual([7, 0, 0])
})
