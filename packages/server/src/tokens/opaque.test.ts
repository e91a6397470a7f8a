import { createHmac, type KeyObject } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KeyMissing, type OpaquePurpose, type OpaqueTokens, type OpenedToken } from '#authority'
import { instant, type KeyId, type Salt, type SessionId } from '#domain'
import { frame } from './framing.ts'
import { KeyRing } from './key-ring.ts'
import { createOpaqueTokens } from './opaque.ts'
import { createRandomness } from './randomness.ts'
import { activeRing, HandClock, secretOf, sid } from './testing.ts'

const clock = new HandClock()
const salt = Buffer.from(Uint8Array.from({ length: 16 }, (_, at) => at)).toString(
  'base64url',
) as Salt
const otherSalt = Buffer.alloc(16, 9).toString('base64url') as Salt
const purposes: readonly OpaquePurpose[] = ['refresh', 'session', 'cookie']

function tokensOf(...bytes: readonly number[]): OpaqueTokens {
  return createOpaqueTokens(activeRing(...bytes), clock)
}

const tokens = tokensOf(7)
const parts = { sid, generation: 3, keyId: tokens.currentKeyId() }

function open(purpose: OpaquePurpose, text: string, by = tokens): OpenedToken {
  const result = by.open(purpose, text)
  if (result.kind !== 'opened') throw new Error(`expected an opened token, not ${result.kind}`)
  return result.token
}

function mac(key: KeyObject, input: Buffer): Buffer {
  return createHmac('sha256', key).update(input).digest().subarray(0, 16)
}

/** The token with these first 41 bytes and a genuine outer MAC: what the secret alone can make. */
function sealedAnew(bytes: Buffer): string {
  const outer = activeRing(7).subkeys('opaque/refresh/outer').get(parts.keyId)
  if (outer === undefined) throw new Error('no subkey')
  const body = bytes.subarray(0, 41)
  return `cfr_${Buffer.concat([body, mac(outer, frame('refresh', body))]).toString('base64url')}`
}

// Made by another program (Python's hmac and hashlib) from the layout and the labels alone.
test.each([
  ['refresh', 'cfr_AZanBycBm3baqAB6vI3vASNFZ4mrAAAAA2XursnGyiMszbbYY7Hb2xXa8mslypYXi0xf8iUYjUCm'],
  ['session', 'cfs_AZanBycBm3baqAB6vI3vASNFZ4mrAAAAA9vsGVuV6RsFe3MgtF89MeHcuYCONhO4pdl4vX61FWgF'],
  ['cookie', 'cfc_AZanBycBm3baqAB6vI3vASNFZ4mrAAAAAyQwhj4whDnTy7nHfqk4MG5VEV2ZJEnh2vejEgGW1Yo1'],
] as const)('the %s token of a known secret, row and generation never changes', (purpose, text) => {
  expect(parts.keyId).toBe('lqcHJw')
  expect(tokens.issue(purpose, parts, salt)).toBe(text)
  expect(text.length).toBeLessThan(200)
})

test('an issued token leads back to its sid, generation and key, and fits its row', () => {
  const random = createRandomness()
  fc.assert(
    fc.property(
      fc.constantFrom(...purposes),
      fc.integer({ min: 0, max: 0xffff_ffff }),
      fc.integer({ min: 0, max: 2 ** 47 }),
      (purpose, generation, at) => {
        const mine = { sid: random.sessionId(instant(at)), generation, keyId: parts.keyId }
        const rowSalt = random.salt()
        const opened = open(purpose, tokens.issue(purpose, mine, rowSalt))
        expect(opened).toMatchObject({ purpose, ...mine })
        expect(tokens.verify(opened, rowSalt)).toBe(true)
        expect(tokens.verify(opened, otherSalt)).toBe(false)
      },
    ),
  )
})

describe('rule 13 two locks', () => {
  test('rule 13 two locks: every token with one bit flipped is forged', () => {
    for (const purpose of purposes) {
      const text = tokens.issue(purpose, parts, salt)
      const bytes = Buffer.from(text.slice(4), 'base64url')
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const flipped = Buffer.from(bytes)
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const forgery = text.slice(0, 4) + flipped.toString('base64url')
        expect(tokens.open(purpose, forgery)).toEqual({ kind: 'forged' })
      }
    }
  })

  test('rule 13 two locks: a token of one purpose never opens as another, whatever its prefix', () => {
    for (const from of purposes) {
      for (const to of purposes.filter((purpose) => purpose !== from)) {
        const text = tokens.issue(from, parts, salt)
        const renamed = tokens.issue(to, parts, salt).slice(0, 4) + text.slice(4)
        expect(tokens.open(to, text)).toEqual({ kind: 'forged' })
        expect(tokens.open(to, renamed)).toEqual({ kind: 'forged' })
      }
    }
  })

  test('rule 13 two locks: the secret without the row opens the outer lock only', () => {
    // What somebody makes who has the secret and guesses the salt: a right outer MAC.
    const opened = open('refresh', tokens.issue('refresh', parts, otherSalt))
    expect(tokens.verify(opened, salt)).toBe(false)
  })

  test('rule 13 two locks: the row without the secret does not pass the outer lock', () => {
    // What somebody makes who has the database: everything in the row, under another secret.
    const thief = activeRing(8)
    const outer = thief.subkeys('opaque/refresh/outer').get(thief.current(clock.now()))
    const inner = thief.subkeys('opaque/refresh/inner').get(thief.current(clock.now()))
    if (outer === undefined || inner === undefined) throw new Error('no subkeys')
    const genuine = Buffer.from(tokens.issue('refresh', parts, salt).slice(4), 'base64url')
    const head = genuine.subarray(0, 25)
    const body = Buffer.concat([
      head,
      mac(inner, frame('refresh', head, Buffer.from(salt, 'base64url'))),
    ])
    const forgery = Buffer.concat([body, mac(outer, frame('refresh', body))])
    const text = `cfr_${forgery.toString('base64url')}`
    expect(tokens.open('refresh', text)).toEqual({ kind: 'forged' })
  })

  test('rule 13 two locks: the inner MAC of another generation, session or purpose does not fit', () => {
    const opened = open('refresh', tokens.issue('refresh', parts, salt))
    const otherSid = '019b76da-a800-7abc-8def-0123456789ac' as SessionId
    expect(tokens.verify({ ...opened, generation: 4 }, salt)).toBe(false)
    expect(tokens.verify({ ...opened, sid: otherSid }, salt)).toBe(false)
    expect(tokens.verify({ ...opened, purpose: 'session' }, salt)).toBe(false)
    expect(tokens.verify({ ...opened, innerMac: new Uint8Array(15) }, salt)).toBe(false)
    expect(tokens.verify({ ...opened, keyId: 'AAAAAA' as KeyId }, salt)).toBe(false)
  })
})

describe('one spelling', () => {
  const text = tokens.issue('refresh', parts, salt)

  test.each([
    ['nothing', ''],
    ['the prefix alone', 'cfr_'],
    ['no prefix', text.slice(4)],
    ['a prefix in capitals', text.replace('cfr_', 'CFR_')],
    ['one character less', text.slice(0, -1)],
    ['one character more', `${text}A`],
    ['padding', `${text}=`],
    ['padding in place of a character', `${text.slice(0, -1)}=`],
    ['a line break', `${text}\n`],
    ['a line break in place of a character', `${text.slice(0, -1)}\n`],
    ['a leading space', ` ${text}`],
    ['characters that are not of the alphabet', `cfr_${'é'.repeat(76)}`],
  ])('%s is forged', (_what, spelling) => {
    expect(tokens.open('refresh', spelling)).toEqual({ kind: 'forged' })
  })

  test('the other base64 alphabet is forged', () => {
    for (let generation = 0; generation < 64; generation++) {
      const issued = tokens.issue('refresh', { ...parts, generation }, salt)
      const body = issued.slice(4).replaceAll('-', '+').replaceAll('_', '/')
      if (issued === `cfr_${body}`) continue
      expect(tokens.open('refresh', `cfr_${body}`)).toEqual({ kind: 'forged' })
    }
  })

  test('any text whatsoever is forged and never throws', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 100, unit: 'binary' }), (garbage) => {
        expect(tokens.open('refresh', garbage)).toEqual({ kind: 'forged' })
        expect(tokens.open('refresh', `cfr_${garbage}`)).toEqual({ kind: 'forged' })
      }),
    )
  })

  test('another version is forged, although both MACs are right', () => {
    const bytes = Buffer.from(text.slice(4), 'base64url')
    bytes[0] = 2
    expect(tokens.open('refresh', sealedAnew(bytes))).toEqual({ kind: 'forged' })
  })

  test('a sid that is no UUIDv7 is forged, although both MACs are right', () => {
    const bytes = Buffer.from(text.slice(4), 'base64url')
    expect(tokens.open('refresh', sealedAnew(bytes)).kind).toBe('opened')
    bytes[11] = 0x4a
    expect(tokens.open('refresh', sealedAnew(bytes))).toEqual({ kind: 'forged' })
  })
})

describe('rule 14 key ring', () => {
  test('rule 14 key ring: all secrets of the ring open, whichever derives', () => {
    const old = tokensOf(1)
    const text = old.issue('session', { ...parts, keyId: old.currentKeyId() }, salt)
    const both = tokensOf(2, 1)
    expect(both.verify(open('session', text, both), salt)).toBe(true)
  })

  test('rule 14 key ring: a token of a listed secret that is not held is missing its key', () => {
    const ring = new KeyRing([secretOf(2)])
    const { keyId } = parts
    ring.update([
      ...ring.ids.map((id) => ({ keyId: id, activatesAt: instant(0) })),
      { keyId, activatesAt: instant(0) },
    ])
    const text = tokens.issue('session', parts, salt)
    const result = createOpaqueTokens(ring, clock).open('session', text)
    expect(result).toEqual({ kind: 'key-missing', keyId })
  })

  test('rule 14 key ring: a token of an unlisted secret is forged, also when it is held', () => {
    const text = tokens.issue('session', parts, salt)
    expect(tokensOf(2).open('session', text)).toEqual({ kind: 'forged' })
    const retired = new KeyRing([secretOf(7)])
    retired.update([])
    expect(createOpaqueTokens(retired, clock).open('session', text)).toEqual({ kind: 'forged' })
  })

  test('rule 14 key ring: to issue with a secret that is not held throws KeyMissing', () => {
    expect(() => tokensOf(2).issue('refresh', parts, salt)).toThrow(KeyMissing)
  })
})

test('a generation that does not fit, or a damaged salt, is never issued', () => {
  for (const generation of [-1, 1.5, 2 ** 32, Number.NaN]) {
    expect(() => tokens.issue('refresh', { ...parts, generation }, salt)).toThrow(RangeError)
  }
  expect(() => tokens.issue('refresh', parts, 'AAAA' as Salt)).toThrow('damaged')
})
