/* The traps of verifiers that others fell into (the research behind this project, authority, 4.6). */
import { beforeEach, expect, test } from 'vitest'
import { FakeCurfew, json, newSid, newSigner, until } from '../test/fake-curfew.ts'
import { running, verdict } from '../test/running.ts'
import { createVerifier } from './verifier.ts'

let curfew: FakeCurfew

beforeEach(async () => {
  curfew = await FakeCurfew.start()
  curfew.streaming = false
})

test('trap 1: an end names one jti, and denies every token of its session', async () => {
  const verifier = await running(curfew)
  const sid = newSid()
  const siblings = [await curfew.token({ sid }), await curfew.token({ sid, sub: 'main:bob' })]
  curfew.end(sid)
  await curfew.timing.pass(30_000)
  for (const token of siblings) expect(await verdict(verifier, token)).toBe('ended')
})

test('trap 2: ends leave by expiry alone, however many there are', async () => {
  const verifier = await running(curfew, { denylistLargeAt: 100, stream: false })
  const first = newSid()
  const token = await curfew.token({ sid: first, expiresInSeconds: 600 })
  curfew.end(first, 600)
  for (let n = 0; n < 20_000; n++) curfew.end(newSid(), 30)
  await curfew.timing.pass(30_000)
  expect(verifier.status.denied).toBe(20_001)
  await curfew.timing.pass(180_000)
  expect(verifier.status.denied).toBe(1)
  expect(await verdict(verifier, token)).toBe('ended')
})

test('trap 3: a token that is remembered after the end was learnt is refused all the same', async () => {
  const verifier = await running(curfew)
  const sid = newSid()
  curfew.end(sid)
  await curfew.timing.pass(30_000)
  const token = await curfew.token({ sid })
  expect(await verdict(verifier, token)).toBe('ended')
  // Its signature is good, so that it is remembered; the denylist is asked before the memory answers.
  expect(verifier.metrics.tokensRemembered).toBe(1)
  expect(verifier.peek(token)).toBeUndefined()
  expect(await verdict(verifier, token)).toBe('ended')
})

test('trap 4: new keys leave the denylist alone, and what a withdrawn key signed is refused', async () => {
  const verifier = await running(curfew, { stream: false })
  const sid = newSid()
  const live = await curfew.token({ expiresInSeconds: 900 })
  expect(await verdict(verifier, live)).toBe('good')
  curfew.end(sid, 900)
  curfew.signers = [await newSigner()]
  const fetches = verifier.metrics.keyFetches
  await curfew.timing.pass(300_000)
  await until(() => verifier.metrics.keyFetches > fetches && verifier.peek(live) === undefined)
  expect(verifier.status.denied).toBe(1)
  expect(await verdict(verifier, live)).toBe('bad_signature')
  expect(await verdict(verifier, await curfew.token({ sid }))).toBe('ended')
})

test('trap 5: a token that outlives what the feed says by less than clocks may differ is denied', async () => {
  const verifier = await running(curfew, { stream: false })
  const sid = newSid()
  const token = await curfew.token({ sid, expiresInSeconds: 160 })
  curfew.end(sid, 60)
  for (let round = 0; round < 5; round++) {
    await curfew.timing.pass(30_000)
    expect(await verdict(verifier, token)).toBe('ended')
  }
})

test('trap 6: who signs in again in the same second is let in: sessions are told apart, not times', async () => {
  const verifier = await running(curfew)
  const [old, renewed] = [newSid(), newSid()]
  const before = await curfew.token({ sid: old })
  curfew.end(old)
  const after = await curfew.token({ sid: renewed })
  await curfew.timing.pass(30_000)
  expect(await verdict(verifier, before)).toBe('ended')
  expect(await verdict(verifier, after)).toBe('good')
})

test('trap 7: what was let in earlier is ended by a pull too, not only asked at its upgrade', async () => {
  const verifier = await running(curfew, { stream: false })
  const sid = newSid()
  const { signal } = await verifier.verify(await curfew.token({ sid }))
  curfew.end(sid)
  await curfew.timing.pass(30_000)
  expect(signal.reason).toMatchObject({ code: 'ended' })
})

test('trap 7: an end whose tokens have all expired ends the streams that are still open', async () => {
  const verifier = await running(curfew, { stream: false })
  const sid = newSid()
  const { signal } = await verifier.verify(await curfew.token({ sid, expiresInSeconds: 60 }))
  await curfew.timing.pass(3_600_000)
  expect(signal.reason).toBeUndefined()
  curfew.end(sid, -3_540)
  await curfew.timing.pass(30_000)
  expect(signal.reason).toMatchObject({ code: 'ended' })
})

test('trap 7: also when it is learnt by a whole load, after another epoch', async () => {
  const verifier = await running(curfew, { stream: false })
  const sid = newSid()
  const { signal } = await verifier.verify(await curfew.token({ sid, expiresInSeconds: 60 }))
  await curfew.timing.pass(3_600_000)
  curfew.epoch = 'e2bbbbbb'
  curfew.end(sid, -3_540)
  await curfew.timing.pass(30_000)
  expect(signal.reason).toMatchObject({ code: 'ended' })
})

test('trap 8: an opaque token is none of ours to judge', async () => {
  const verifier = await running(curfew)
  expect(await verdict(verifier, 'cfs_abcdefghijklmnop')).toBe('malformed')
})

test('trap 9: a clock that differs widens what is kept, and never shortens it', async () => {
  curfew.aheadMs = -60_000
  const verifier = await createVerifier(curfew.options({ stream: false }))
  const sid = newSid()
  const token = await curfew.token({ sid, expiresInSeconds: 100 })
  curfew.end(sid, 100)
  await curfew.timing.pass(90_000)
  expect(await verdict(verifier, token)).toBe('ended')
  // Out of reach, the verifier's own clock goes on; nothing leaves without a good pull.
  curfew.spoil = () => json({}, 503)
  await curfew.timing.pass(600_000)
  expect(verifier.status.denied).toBe(1)
  await verifier.close()
})
