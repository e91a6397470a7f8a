import { expect, test } from 'vitest'
import { FakeCurfew, json, newSigner, until } from '../test/fake-curfew.ts'
import type { VerifierFault } from './errors.ts'
import { Keys } from './keys.ts'

async function setUp() {
  const curfew = await FakeCurfew.start()
  const faults: VerifierFault[] = []
  const keys = new Keys({
    url: 'https://auth.example.com/.well-known/jwks.json',
    fetch: curfew.fetch,
    timing: curfew.timing,
    onFault: (fault) => faults.push(fault),
  })
  const kid = curfew.signers[0]?.kid ?? ''
  keys.start()
  await keys.whenLoaded()
  const fetches = () => curfew.count('jwks')
  return { curfew, keys, kid, faults, fetches }
}

test('an unknown key is looked for once, however many tokens name one, and again after 30 s', async () => {
  const { curfew, keys, kid, fetches } = await setUp()
  expect((await keys.find(kid)).kind).toBe('found')
  await curfew.timing.pass(30_000)
  const found = await Promise.all(Array.from({ length: 50 }, (_, n) => keys.find(`x${n}`)))
  expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set(['unknown']))
  expect(fetches()).toBe(2)
  for (let second = 0; second < 29; second++) {
    await keys.find(`y${second}`)
    await curfew.timing.pass(1000)
  }
  expect(fetches()).toBe(2)
  keys.close()
})

test('a new key is found at once, or 30 s after the last look without being asked for again', async () => {
  const { curfew, keys, fetches } = await setUp()
  await curfew.timing.pass(31_000)
  const second = await newSigner()
  curfew.signers.push(second)
  expect((await keys.find(second.kid)).kind).toBe('found')
  const third = await newSigner()
  curfew.signers.push(third)
  expect((await keys.find(third.kid)).kind).toBe('unknown')
  await curfew.timing.pass(30_000)
  await until(() => fetches() === 3)
  await until(() => keys.published.length === 3)
  expect((await keys.find(third.kid)).kind).toBe('found')
  keys.close()
})

test('a new key is found at once, also when the timer, or the start, has looked just now', async () => {
  const { curfew, keys, fetches } = await setUp()
  const second = await newSigner()
  curfew.signers.push(second)
  expect((await keys.find(second.kid)).kind).toBe('found')
  await curfew.timing.pass(300_000)
  await until(() => fetches() === 3)
  const third = await newSigner()
  curfew.signers.push(third)
  expect((await keys.find(third.kid)).kind).toBe('found')
  // Only what is unknown pays for what was unknown.
  expect((await keys.find('x')).kind).toBe('unknown')
  expect(fetches()).toBe(4)
  keys.close()
})

test('a key that does not say its algorithm has that of its kind', async () => {
  const { curfew, keys } = await setUp()
  const signers = await Promise.all(['ES256', 'EdDSA', 'RS256'].map((alg) => newSigner(alg)))
  const odd = { kty: 'EC', crv: 'P-384', kid: 'odd' }
  const listed = signers.map(({ jwk: { alg, ...rest } }) => rest)
  curfew.spoil = () => json({ keys: [...listed, odd] })
  for (const { kid, alg } of signers) {
    expect(await keys.find(kid)).toMatchObject({ kind: 'found', key: { alg } })
  }
  expect((await keys.find('odd')).kind).toBe('unknown')
  keys.close()
})

test('a key that stays is the same object, one that goes is marked, one under an old name is another', async () => {
  const { curfew, keys, kid } = await setUp()
  const before = await keys.find(kid)
  const [first] = curfew.signers
  if (before.kind !== 'found' || first === undefined) throw new Error('no key')
  const { version } = keys
  await curfew.timing.pass(300_000)
  await until(() => curfew.count('jwks') === 2)
  expect(await keys.find(kid)).toEqual(before)
  expect(keys.version).toBe(version)
  const other = await newSigner()
  curfew.signers = [{ ...other, kid, jwk: { ...other.jwk, kid } }]
  await curfew.timing.pass(300_000)
  await until(() => keys.version > version)
  expect(before.key.listed).toBe(false)
  keys.close()
})

test('a failure changes nothing, is told, and is tried again with pauses that grow', async () => {
  const { curfew, keys, kid, faults, fetches } = await setUp()
  const spoils: (() => Response)[] = [
    () => json({ keys: [] }),
    () => json([]),
    () => json({ keys: [7] }),
    () => json({ keys: [{ kid: 'x', alg: 'HS256', kty: 'oct', k: 'AA' }] }),
    () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
    () => new Response('{', { headers: { 'content-type': 'application/json' } }),
    () => json({ keys: 'x'.repeat(300_000) }),
    () => json({}, 503),
    () => {
      throw new Error('out of reach')
    },
  ]
  const waits = [300_000, 5000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000, 60_000]
  for (const [index, spoil] of spoils.entries()) {
    curfew.spoil = spoil
    await curfew.timing.pass(waits[index] ?? 0)
    await until(() => faults.length === index + 1)
    expect((await keys.find(kid)).kind).toBe('found')
    // What is not known now may be in the list that cannot be read.
    expect((await keys.find('other')).kind).toBe('unavailable')
  }
  expect(new Set(faults.map(({ code }) => code))).toEqual(new Set(['keys_failed']))
  expect(fetches()).toBe(10)
  curfew.spoil = undefined
  await curfew.timing.pass(60_000)
  await until(() => fetches() === 11)
  expect((await keys.find('other')).kind).toBe('unknown')
  keys.close()
  expect(curfew.timing.timers.size).toBe(0)
})

test('the first load is tried again after a second, as everybody waits for it', async () => {
  const curfew = await FakeCurfew.start()
  curfew.spoil = () => json({}, 503)
  const url = 'https://auth.example.com/.well-known/jwks.json'
  const { fetch, timing } = curfew
  const keys = new Keys({ url, fetch, timing, onFault: () => undefined })
  keys.start()
  expect((await keys.find('any')).kind).toBe('unavailable')
  for (const [index, waitMs] of [1000, 2000, 4000].entries()) {
    await timing.pass(waitMs)
    await until(() => curfew.count('jwks') === index + 2)
  }
  curfew.spoil = undefined
  await timing.pass(8000)
  await keys.whenLoaded()
  keys.close()
})
