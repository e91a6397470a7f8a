import { generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { derFromJoined, joinedFromDer } from './ecdsa-signature.ts'

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const joined = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const

describe('ES256 signatures', () => {
  test('what OpenSSL signs is what JWS expects', () => {
    for (let round = 0; round < 300; round++) {
      const data = randomBytes(20)
      const signature = joinedFromDer(sign('sha256', data, privateKey))
      expect(signature.length).toBe(64)
      expect(verify('sha256', data, joined, signature)).toBe(true)
    }
  })

  test('what JWS carries is what OpenSSL verifies', () => {
    for (let round = 0; round < 300; round++) {
      const data = randomBytes(20)
      const signature = sign('sha256', data, { key: privateKey, dsaEncoding: 'ieee-p1363' })
      const der = derFromJoined(signature)
      expect(der !== undefined && verify('sha256', data, publicKey, der)).toBe(true)
    }
  })

  test('there and back again is the same, also with leading zeros and high bits', () => {
    const part = fc.oneof(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.constant(new Uint8Array(32)),
      fc.nat(31).map((zeros) => new Uint8Array(32).fill(0xff, zeros)),
    )
    fc.assert(
      fc.property(part, part, (r, s) => {
        const signature = Buffer.concat([r, s])
        expect(joinedFromDer(derFromJoined(signature) ?? Buffer.alloc(0))).toEqual(signature)
      }),
    )
  })

  test('another length is no signature', () => {
    for (const length of [0, 1, 63, 65, 128]) {
      expect(derFromJoined(Buffer.alloc(length))).toBeUndefined()
    }
  })

  test('bytes that are not DER are refused, never read beyond their end', () => {
    const der = sign('sha256', randomBytes(8), privateKey)
    for (let cut = 0; cut < der.length; cut++) {
      expect(() => joinedFromDer(der.subarray(0, cut))).toThrow(RangeError)
    }
    expect(() => joinedFromDer(Buffer.concat([der, Buffer.from([0])]))).toThrow(RangeError)
  })
})
