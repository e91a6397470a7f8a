import { expect, test } from 'vitest'
import { addMs, type KeyId } from '#domain'
import { nowOf, type Prepare } from './bench.ts'

const key = (kid: string) =>
  ({ kid, algorithm: 'ES256', publicJwk: '{"kty":"EC"}', sealedPrivateJwk: 'sealed' }) as const

export function keysSuite(prepare: Prepare): void {
  test('the first signing key is active at once, a later one after its delay', async () => {
    const { store, shift } = await prepare()
    expect(await store.addSigningKey(key('a'), { delayMs: 5000, onlyIfNewest: null })).toBe('added')
    shift(10)
    expect(await store.addSigningKey(key('b'), { delayMs: 5000, onlyIfNewest: 'a' })).toBe('added')
    const { keys, now } = await store.signingKeys()
    const [b, a] = keys
    expect(keys.map(({ kid }) => kid)).toEqual(['b', 'a'])
    expect(a).toMatchObject({ ...key('a'), activatesAt: a?.createdAt })
    expect(b?.activatesAt).toBe(addMs(b?.createdAt ?? now, 5000))
  })

  test('of two replicas that add a key at once one is outrun', async () => {
    const { store, second } = await prepare()
    const other = await second()
    const results = await Promise.all([
      store.addSigningKey(key('a'), { delayMs: 0, onlyIfNewest: null }),
      other.addSigningKey(key('b'), { delayMs: 0, onlyIfNewest: null }),
    ])
    expect(results.toSorted()).toEqual(['added', 'outrun'])
    expect((await store.signingKeys()).keys).toHaveLength(1)
  })

  test('every change of keys and key ids raises the version that the tail shows', async () => {
    const { store } = await prepare()
    const versions: number[] = []
    const note = async (): Promise<void> => {
      versions.push((await store.tail(0)).keysVersion)
    }
    await note()
    await store.addSigningKey(key('a'), { delayMs: 0, onlyIfNewest: null })
    await note()
    await store.listKeyIds(['AAAAAA' as KeyId], 0)
    await note()
    await store.retireKeyId('AAAAAA' as KeyId)
    await note()
    await store.dropSigningKey('a')
    await note()
    expect(versions).toEqual(versions.map((_, index) => (versions[0] ?? 0) + index))
    await store.dropSigningKey('a')
    await store.addSigningKey(key('b'), { delayMs: 0, onlyIfNewest: 'a' })
    await note()
    expect(versions.at(-1)).toBe(versions.at(-2))
  })

  test('rule 14 key ring: key ids are active at once on an empty list, and after the delay otherwise', async () => {
    const { store } = await prepare()
    const now = await nowOf(store)
    const first = await store.listKeyIds(['AAAAAA' as KeyId], minute)
    expect(first).toHaveLength(1)
    expect(first[0]?.activatesAt).toBeLessThan(now + minute)
    const second = await store.listKeyIds(['AAAAAA' as KeyId, 'BBBBBB' as KeyId], minute)
    expect(second.map(({ keyId }) => keyId)).toEqual(['AAAAAA', 'BBBBBB'])
    expect(second[1]?.activatesAt).toBeGreaterThanOrEqual(now + minute)
    expect(await store.keyIds()).toEqual(second)
    expect(await store.listKeyIds(['BBBBBB' as KeyId], minute)).toEqual(second)
  })

  test('rule 14 key ring: a retired key id is gone, and retiring it again says so', async () => {
    const { store } = await prepare()
    await store.listKeyIds(['AAAAAA' as KeyId], 0)
    expect(await store.retireKeyId('AAAAAA' as KeyId)).toBe('retired')
    expect(await store.retireKeyId('AAAAAA' as KeyId)).toBe('unknown')
    expect(await store.keyIds()).toEqual([])
  })
}

const minute = 60_000
