import { generateKeyPairSync } from 'node:crypto'
import { calculateJwkThumbprint } from 'jose'
import { beforeEach, describe, expect, test } from 'vitest'
import { KeyMissing } from '#authority'
import { instant, Secret } from '#domain'
import type { KeyRing } from './key-ring.ts'
import { createSealer } from './seal.ts'
import {
  KeysOutrun,
  keyActivationDelayMs,
  type SigningKeyAlarm,
  SigningKeys,
} from './signing-keys.ts'
import { activeRing, HandClock, MemoryKeyStore } from './testing.ts'

let clock = new HandClock()
let store = new MemoryKeyStore(clock)
let alarms: SigningKeyAlarm[] = []

beforeEach(() => {
  clock = new HandClock()
  store = new MemoryKeyStore(clock)
  alarms = []
})

function replica(ring: KeyRing = activeRing(1)): SigningKeys {
  const alarm = (raised: SigningKeyAlarm): void => {
    alarms.push(raised)
  }
  return new SigningKeys({ store, ring, sealer: createSealer(ring, clock), alarm })
}

async function ready(ring?: KeyRing): Promise<SigningKeys> {
  const keys = replica(ring)
  await keys.ensure('ES256')
  return keys
}

function kids(keys: SigningKeys): readonly (string | undefined)[] {
  return keys.jwks().keys.map((key) => key['kid'])
}

describe.each(['ES256', 'EdDSA', 'RS256'] as const)('%s', (algorithm) => {
  test('the first key signs at once and is published as RFC 7517 says', async () => {
    const keys = replica()
    await keys.ensure(algorithm)
    const { kid } = keys.current(clock.now())
    const [jwk, ...others] = keys.jwks().keys
    expect(others).toEqual([])
    expect(jwk).toMatchObject({ kid, use: 'sig', alg: algorithm })
    expect(await calculateJwkThumbprint({ ...jwk })).toBe(kid)
  })

  test('nothing private is published, nor readable in the store', async () => {
    const keys = replica()
    await keys.ensure(algorithm)
    const secret = keys.current(clock.now()).privateKey.export({ format: 'jwk' })
    const kept = JSON.stringify(store.keys)
    const shown = JSON.stringify(keys.jwks())
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi']) {
      const value = secret[member]
      expect(shown).not.toContain(`"${member}":`)
      if (typeof value === 'string') expect(kept).not.toContain(value)
    }
  })
})

describe('rotation', () => {
  test('a new key is published before it signs', async () => {
    const keys = await ready()
    const old = keys.current(clock.now()).kid
    const next = await keys.rotate()
    expect(kids(keys)).toEqual([next, old])
    clock.pass(keyActivationDelayMs - 1)
    expect(keys.current(clock.now()).kid).toBe(old)
    clock.pass(1)
    expect(keys.current(clock.now()).kid).toBe(next)
  })

  test('many who ask at once get one key; replicas that are always faster are an outage', async () => {
    const keys = await ready()
    const rotated = await Promise.all(Array.from({ length: 20 }, () => keys.rotate()))
    expect(new Set(rotated).size).toBe(1)
    expect(kids(keys)).toHaveLength(2)
    store.addSigningKey = async () => 'outrun'
    await expect(keys.rotate()).rejects.toBeInstanceOf(KeysOutrun)
  })

  test('with `now` it signs at once, also when a waiting key activates later', async () => {
    const keys = await ready()
    await keys.rotate()
    clock.pass(1000)
    const urgent = await keys.rotate({ now: true })
    expect(keys.current(clock.now()).kid).toBe(urgent)
    clock.pass(keyActivationDelayMs)
    expect(keys.current(clock.now()).kid).toBe(urgent)
  })

  test('another algorithm publishes both keys, and signs after the delay', async () => {
    const keys = await ready()
    await keys.ensure('EdDSA')
    await keys.ensure('EdDSA')
    expect(keys.jwks().keys.map((key) => key['alg'])).toEqual(['EdDSA', 'ES256'])
    expect(keys.current(clock.now()).algorithm).toBe('ES256')
    clock.pass(keyActivationDelayMs)
    expect(keys.current(clock.now()).algorithm).toBe('EdDSA')
  })

  test('of replicas that start together on an empty store one makes the key', async () => {
    const replicas = [replica(), replica(), replica()]
    await Promise.all(replicas.map((keys) => keys.ensure('ES256')))
    const made = new Set(replicas.map((keys) => keys.current(clock.now()).kid))
    expect(made.size).toBe(1)
    expect(store.keys).toHaveLength(1)
  })

  test('a key whose secret is on its way out of the ring is replaced, once', async () => {
    const before = await ready(activeRing(1))
    const old = before.current(clock.now())
    const keys = await ready(activeRing(2, 1))
    await keys.ensure('ES256')
    expect(store.keys).toHaveLength(2)
    clock.pass(keyActivationDelayMs)
    expect(keys.current(clock.now()).sealedUnder).not.toBe(old.sealedUnder)
    const later = await ready(activeRing(2))
    expect(later.current(clock.now()).kid).toBe(keys.current(clock.now()).kid)
  })

  test('replicas with other orders of secrets do not chase each other', async () => {
    for (const order of [[1], [2, 1], [1, 2], [2, 1], [1, 2]]) await ready(activeRing(...order))
    expect(store.keys).toHaveLength(2)
  })

  test('a replica whose clock is behind the store signs with the first key all the same', async () => {
    const keys = await ready()
    expect(keys.current(instant(clock.now() - 5)).kid).toBe(store.keys[0]?.kid)
  })

  test('an older read that comes back late does not bring back a dropped key', async () => {
    const keys = await ready()
    const stale = await store.signingKeys()
    let release = (): void => expect.unreachable()
    const held = new Promise<typeof stale>((resolve) => {
      release = () => resolve(stale)
    })
    const read = store.signingKeys.bind(store)
    store.signingKeys = () => held
    const late = keys.load()
    store.signingKeys = read
    store.keys = []
    await keys.load()
    release()
    await late
    expect(keys.all()).toEqual([])
  })
})

describe('dropping', () => {
  test('a replaced key goes when no token of it can live any more, not before', async () => {
    const keys = await ready()
    const old = keys.current(clock.now()).kid
    const next = await keys.rotate()
    clock.pass(keyActivationDelayMs + 300_000 + 60_000 - 1)
    expect(await keys.dropExpired(300)).toEqual([])
    clock.pass(1)
    expect(await keys.dropExpired(300)).toEqual([old])
    expect(kids(keys)).toEqual([next])
    expect(keys.byKid(old)).toBeUndefined()
  })

  test('the only key stays for ever', async () => {
    const keys = await ready()
    clock.pass(10 ** 12)
    expect(await keys.dropExpired(300)).toEqual([])
  })

  test('a replica with a wrong secret does not drop the key that the others sign with', async () => {
    const good = await ready(activeRing(1))
    const { kid } = good.current(clock.now())
    const wrong = activeRing(9)
    wrong.update(
      [...activeRing(1).ids, ...wrong.ids].map((keyId) => ({ keyId, activatesAt: instant(0) })),
    )
    const stranger = await ready(wrong)
    clock.pass(10 ** 9)
    expect(await stranger.dropExpired(300)).toEqual([])
    await good.load()
    expect(good.current(clock.now()).kid).toBe(kid)
    expect(await good.dropExpired(300)).toEqual([])
  })
})

describe('what cannot be unsealed', () => {
  test('a key of a secret that this process lacks verifies, does not sign, and raises one alarm', async () => {
    const { kid } = (await ready(activeRing(1))).current(clock.now())
    const [keyId] = activeRing(1).ids
    const keys = replica(activeRing(2))
    await keys.load()
    await keys.load()
    expect(alarms).toEqual([{ kind: 'private-key-missing', kid, keyId }])
    expect(kids(keys)).toEqual([kid])
    expect(keys.byKid(kid)?.privateKey).toBeNull()
    expect(() => keys.current(clock.now())).toThrow(KeyMissing)
  })

  test('when no key at all can be unsealed, a new one signs at once', async () => {
    await ready(activeRing(1))
    clock.pass(1)
    const keys = await ready(activeRing(2))
    expect(keys.current(clock.now()).kid).toBe(store.keys[1]?.kid)
  })

  test('a key that somebody planted in the store is neither used nor published', async () => {
    const keys = await ready()
    const genuine = keys.current(clock.now())
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = publicKey.export({ format: 'jwk' })
    const planted = { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y }
    const kid = await calculateJwkThumbprint(JSON.parse(JSON.stringify(planted)))
    const { stored } = genuine
    store.keys.push({ ...stored, kid, publicJwk: JSON.stringify(planted) })
    clock.pass(1)
    await keys.load()
    expect(kids(keys)).toEqual([genuine.kid])
    expect(alarms).toEqual([{ kind: 'key-unreadable', kid }])
  })

  test('another public key under a genuine kid is not used', async () => {
    const keys = await ready()
    const { kid } = keys.current(clock.now())
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const publicJwk = JSON.stringify(publicKey.export({ format: 'jwk' }))
    store.keys = store.keys.map((key) => ({ ...key, publicJwk }))
    await keys.load()
    expect(keys.jwks()).toEqual({ keys: [] })
    expect(alarms).toEqual([{ kind: 'key-unreadable', kid }])
  })

  test('a private key that is another one than the kid says is not used', async () => {
    const keys = await ready()
    const { kid } = keys.current(clock.now())
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = new Secret(JSON.stringify(privateKey.export({ format: 'jwk' })))
    const sealedPrivateJwk = createSealer(activeRing(1), clock).seal('signing-key', [kid], jwk)
    store.keys = store.keys.map((key) => ({ ...key, sealedPrivateJwk }))
    await keys.load()
    expect(keys.all()).toEqual([])
    expect(alarms).toEqual([{ kind: 'key-unreadable', kid }])
  })

  test.each([
    [
      'a public key that is not what the kid says',
      { publicJwk: '{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}' },
    ],
    ['a public key that is not JSON', { publicJwk: '{' }],
    ['a private key that is damaged', { sealedPrivateJwk: 'AQ' }],
    ['another algorithm than the key', { algorithm: 'EdDSA' as const }],
  ])('%s: the key is not used', async (_what, damage) => {
    await ready()
    store.keys = store.keys.map((key) => ({ ...key, ...damage }))
    const keys = replica()
    await keys.load()
    expect(keys.jwks()).toEqual({ keys: [] })
    expect(alarms.map((alarm) => alarm.kind)).toEqual(['key-unreadable'])
    expect(() => keys.current(clock.now())).toThrow('ensure')
  })
})
