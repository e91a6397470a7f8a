import { describe, expect, test } from 'vitest'
import type { LiveSession } from '#domain'
import type { Row, Value } from './act.ts'
import { endColumns, insertedColumns, insertedValues } from './columns.ts'
import { ImpossibleRow, toSession } from './row.ts'

const session = {
  kind: 'live',
  version: 3,
  origin: {
    sid: '01900000-0000-7000-8000-000000000000',
    uid: 'ada',
    clientId: 'app',
    device: 'web',
    deviceId: null,
    slot: null,
    parentSid: null,
    createdAt: 1000,
    absoluteExpiresAt: 9000,
    authTime: 1,
    amr: ['pwd'],
    acr: null,
    salt: 'salt',
  },
  profile: { deviceName: null, ip: '::1', userAgent: null },
  life: { lastSeenAt: 1000, idleExpiresAt: 5000 },
  grants: { version: 1, roles: ['ops'], claims: { team: [1, { x: null }] }, scope: '' },
  rotation: null,
  access: { newest: null, latestExp: 0 },
  sessionToken: { generation: 1, keyId: 'AAAAAA' },
  provider: null,
} as unknown as LiveSession

function rowOf(changes: Readonly<Record<string, Value>> = {}): Row {
  const values = insertedValues(session)
  const inserted = insertedColumns.map((column, index) => [column, values[index] as Value] as const)
  const ends = endColumns.map((column) => [column, null] as const)
  return { ...Object.fromEntries([...inserted, ...ends]), ...changes }
}

describe('a row', () => {
  test('gives back the session that was written', () => {
    expect(toSession(rowOf())).toEqual(session)
  })

  test('with an end is an ended session and nothing else', () => {
    const ended = { revoked_at: 4000, revoked_reason: 'user_logout', feed_seq: 7 }
    expect(toSession(rowOf(ended))).toEqual({
      ...session,
      kind: 'ended',
      end: { at: 4000, reason: 'user_logout', by: null, seq: 7 },
    })
  })

  test.each<[string, Value]>([
    ['version', '3'],
    ['uid', null],
    ['roles', '{"a":1}'],
    ['roles', '[1]'],
    ['claims', '[]'],
    ['claims', 'not json'],
    ['idle_expires_at', 1.5],
    ['generation', 1],
    ['newest_jti', 'jti'],
    ['provider_id', 'main'],
  ])('with an impossible %s is refused, naming a column and what to do', (column, value) => {
    const reading = (): unknown => toSession(rowOf({ [column]: value }))
    expect(reading).toThrow(ImpossibleRow)
    expect(reading).toThrow(/column \w+ .* restore it from a backup/)
  })

  test('with a column that is missing is refused', () => {
    const { scope: _, ...rest } = rowOf()
    expect(() => toSession(rest)).toThrow('column scope is missing')
  })
})
