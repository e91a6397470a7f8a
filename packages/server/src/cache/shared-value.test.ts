import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Claims, type Epoch, instant, type LiveSession } from '#domain'
import { sealOf, sidOf } from '#test/cache/memory-redis.ts'
import { session as fresh, t0 } from '#test/domain/sessions.ts'
import { readValue, type SharedSnapshot, sharedKey, writeMark, writeValue } from './shared-value.ts'

const sid = sidOf(1)
const epoch = 'eaaa' as Epoch
const place = { key: sharedKey('test:', epoch, sid), epoch, sid }
const seal = sealOf(1)

function snapshotOf(changes: Partial<LiveSession> = {}): SharedSnapshot {
  const session = { ...fresh({ sid, provider: {} }), ...changes }
  return { session, asOf: { epoch, seq: 17 }, readAt: t0 }
}

function written(snapshot = snapshotOf()): string {
  const value = writeValue(seal, place.key, snapshot)
  if (value === undefined) throw new Error('too large')
  return value
}

describe('a shared value', () => {
  test('is read as it was written, whatever the session says', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), (said) => {
        const claims = JSON.parse(JSON.stringify(said)) as Claims
        const snapshot = snapshotOf({ grants: { ...fresh().grants, claims } })
        expect(readValue(seal, place, written(snapshot))).toEqual({ kind: 'snapshot', snapshot })
      }),
    )
  })

  test('of a session without refresh token, access token or provider is read as well', () => {
    const access = { newest: null, latestExp: fresh().access.latestExp }
    const snapshot = snapshotOf({ rotation: null, access, provider: null })
    expect(readValue(seal, place, written(snapshot))).toEqual({ kind: 'snapshot', snapshot })
  })

  test('rule 20 Redis is not trusted: it is good under its own key, secret and numbers alone', () => {
    const value = written()
    const unreadable = { kind: 'unreadable' }
    const elsewhere = [
      { ...place, key: sharedKey('test:', epoch, sidOf(2)) },
      { ...place, key: sharedKey('other:', epoch, sid) },
      { ...place, key: sharedKey('test:', 'ebbb' as Epoch, sid) },
      { ...place, sid: sidOf(2) },
    ]
    for (const other of elsewhere) expect(readValue(seal, other, value)).toEqual(unreadable)
    expect(readValue(sealOf(2), place, value)).toEqual(unreadable)
    const [shape, version, seq, readAt, sealed] = value.split('.')
    const moved = [
      [shape, Number(version) + 1, seq, readAt, sealed],
      [shape, version, Number(seq) + 1, readAt, sealed],
      [shape, version, seq, Number(readAt) + 30_000, sealed],
      [shape, `0${version}`, seq, readAt, `${sealed}A`],
    ]
    for (const parts of moved) {
      expect(readValue(seal, place, parts.join('.'))).toEqual(unreadable)
    }
  })

  test('rule 20 Redis is not trusted: any text whatsoever is read without throwing', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.string().map((text) => `s1.1.2.3.${text}`),
      fc.base64String().map((text) => `s1.1.2.3.${text}`),
    )
    fc.assert(
      fc.property(texts, (text) => {
        expect(readValue(seal, place, text).kind).not.toBe('snapshot')
      }),
    )
  })

  test('of a session with another shape, as another version of Curfew has it, it is unreadable', () => {
    const { session } = snapshotOf()
    const { salt: _, ...origin } = session.origin
    const shapes: readonly unknown[] = [
      { ...session, provider: undefined },
      { ...session, more: 1 },
      { ...session, origin },
      { ...session, origin: { ...session.origin, salt: 7 } },
      { ...session, kind: 'ended' },
      { ...session, version: 2 ** 60 },
      { ...session, grants: { ...session.grants, roles: 'pilot' } },
      { ...session, rotation: { ...session.rotation, minted: null } },
      { ...session, provider: { ...session.provider, lease: { owner: 'me' } } },
      null,
    ]
    for (const shape of shapes) {
      const snapshot = { ...snapshotOf(), session: { ...session, toJSON: () => shape } }
      expect(readValue(seal, place, written(snapshot))).toEqual({ kind: 'unreadable' })
    }
  })

  test('is neither written nor read when it is very large', () => {
    const claims = { note: 'x'.repeat(120_000) }
    const snapshot = snapshotOf({ grants: { ...fresh().grants, claims } })
    expect(writeValue(seal, place.key, snapshot)).toBeUndefined()
    const long = `${written()}${'A'.repeat(200_000)}`
    expect(readValue(seal, place, long)).toEqual({ kind: 'unreadable' })
  })

  test('nothing, a tombstone and a bare version say nothing of the session', () => {
    expect(readValue(seal, place, null)).toEqual({ kind: 'nothing' })
    expect(readValue(seal, place, 't')).toEqual({ kind: 'tombstone' })
    expect(readValue(seal, place, writeMark(7, instant(t0)))).toEqual({ kind: 'nothing' })
  })
})
