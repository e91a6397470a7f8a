import { expect, test } from 'vitest'
import type { ClientId, Epoch } from '#domain'
import { instant } from '#domain'
import { VerifiersSeen } from './verifiers-seen.ts'

const epoch = 'abcd' as Epoch
const at = (seq: number) => ({ epoch, seq })
const now = instant(1_767_225_600_000)
const reader = (n: number) => ({
  clientId: `reader-${n}` as ClientId,
  address: '192.0.2.1',
  userAgent: null,
})

test('a puller is known by its last position, for ten minutes', () => {
  const seen = new VerifiersSeen()
  seen.pulled(reader(1), at(3), now)
  seen.pulled(reader(1), at(4), now)
  expect(seen.list(now, at(9))).toMatchObject([
    { clientId: 'reader-1', via: 'pull', cursor: at(4) },
  ])
  expect(seen.list(instant(now + 600_001), at(9))).toEqual([])
})

test('of very many pullers the ones seen last are known', () => {
  const seen = new VerifiersSeen()
  for (let n = 0; n < 250; n++) seen.pulled(reader(n), at(n), now)
  seen.pulled(reader(50), at(1), now)
  const known = seen.list(now, null).map(({ clientId }) => clientId)
  expect(known).toHaveLength(200)
  expect(known).not.toContain('reader-49')
  expect(known.at(-1)).toBe('reader-50')
})

test('a stream that waits has read what there is; a slow one stands where it is', () => {
  const seen = new VerifiersSeen()
  const stream = seen.streams(reader(1))
  expect(seen.list(now, at(9))).toMatchObject([{ via: 'stream', cursor: null, seenAt: now }])
  stream.cursor = at(4)
  expect(seen.list(now, at(9))).toMatchObject([{ cursor: at(4) }])
  stream.waits = true
  expect(seen.list(now, at(9))).toMatchObject([{ cursor: at(9) }])
  expect(seen.list(now, null)).toMatchObject([{ cursor: at(4) }])
  stream.close()
  expect(seen.list(now, at(9))).toEqual([])
})
