import { describe, expect, test } from 'vitest'
import { joiner, session, t0, type Wanted } from '#test/domain/sessions.ts'
import { type Applicant, type DevicePolicy, place, slotOf } from './placement.ts'
import type { LiveSession } from './session.ts'
import { addMs } from './time.ts'

const minute = 60_000
const single: DevicePolicy = { policy: 'single' }
const shared: DevicePolicy = { policy: 'shared' }
const atMost = (limit: number | null): DevicePolicy => ({ policy: 'multiple', limit })

/** A session of the minute `began`; they live for an hour unused. */
function began(atMinute: number, sid: string, wanted: Wanted = {}): LiveSession {
  return session({ sid, at: addMs(t0, atMinute * minute), idleTtlMs: 60 * minute, ...wanted })
}

/** What a start at minute 30 does, one word for each end: `s1:superseded`. */
function start(
  policy: DevicePolicy,
  rows: readonly LiveSession[],
  wanted: Partial<Applicant> = {},
) {
  const applicant: Applicant = { deviceId: null, joiner: joiner(), mayJoin: true, ...wanted }
  const placement = place(policy, rows, applicant, addMs(t0, 30 * minute))
  return {
    ends: placement.ends.map((end) => `${end.sid}:${end.reason}`),
    guards: placement.ends.map((end) => end.guard),
    join: placement.join,
  }
}

const nothing = { ends: [], guards: [], join: null }

describe('single', () => {
  test('the first session ends nothing', () => {
    expect(start(single, [])).toEqual(nothing)
  })

  test('the newcomer supersedes, also its like, whatever it asks for', () => {
    const superseded = { ends: ['s1:superseded'], guards: ['live'], join: null }
    expect(start(single, [began(0, 's1')])).toEqual(superseded)
    expect(start(single, [began(0, 's1')], { mayJoin: false })).toEqual(superseded)
  })

  test('rule 8 expired frees its place: a row that has run out ends as expired', () => {
    const rows = [began(-40, 's2'), began(-30, 's1'), began(0, 's3')]
    expect(start(single, rows)).toEqual({
      ends: ['s1:expired', 's2:expired', 's3:superseded'],
      guards: ['expired', 'expired', 'live'],
      join: null,
    })
  })
})

describe('shared', () => {
  test('rule 9 joins: the newcomer joins its like, and nothing ends', () => {
    expect(start(shared, [began(0, 's1')])).toEqual({ ...nothing, join: 's1' })
  })

  test.each([
    ['which asks not to', {}, { mayJoin: false }],
    ['of another client', { clientId: 'other' }, {}],
    ['with other roles', {}, { joiner: joiner({ roles: ['ops'] }) }],
    ['of another provider', {}, { joiner: joiner({ providerId: 'main' }) }],
    ['signed in less strongly', { acr: 'mfa' }, { joiner: joiner({ acr: 'pwd' }) }],
    ['beside one that is bound to a key', { dpopThumbprint: 'k1' }, {}],
  ] as const)('rule 9 joins: a newcomer %s supersedes', (_who, row, applicant) => {
    expect(start(shared, [began(0, 's1', row)], applicant)).toMatchObject({
      ends: ['s1:superseded'],
      join: null,
    })
  })

  test('rule 8 expired frees its place: nobody joins a session that has run out', () => {
    expect(start(shared, [began(-30, 's1')])).toEqual({
      ends: ['s1:expired'],
      guards: ['expired'],
      join: null,
    })
  })

  test('expired rows end beside a join', () => {
    expect(start(shared, [began(-40, 's1'), began(0, 's2')])).toMatchObject({
      ends: ['s1:expired'],
      join: 's2',
    })
  })
})

describe('multiple', () => {
  const three = [began(2, 's1'), began(0, 's3'), began(1, 's2')]

  test('without limit, any number may live', () => {
    expect(start(atMost(null), three)).toEqual(nothing)
  })

  test('below the limit nothing ends, at the limit the oldest does', () => {
    expect(start(atMost(4), three)).toEqual(nothing)
    expect(start(atMost(3), three).ends).toEqual(['s3:device_limit'])
  })

  test('a limit that was lowered ends as many as it takes, in order of sid', () => {
    expect(start(atMost(2), three).ends).toEqual(['s2:device_limit', 's3:device_limit'])
    expect(start(atMost(1), three).ends).toEqual(
      ['s1', 's2', 's3'].map((sid) => `${sid}:device_limit`),
    )
  })

  test('of two that began at the same instant the smaller sid is the older', () => {
    expect(start(atMost(2), [began(0, 's2'), began(0, 's1')]).ends).toEqual(['s1:device_limit'])
  })

  test('the session of the same device is replaced, and its place counts', () => {
    const rows = [began(0, 's1'), began(1, 's2', { deviceId: 'phone' }), began(2, 's3')]
    expect(start(atMost(3), rows, { deviceId: 'phone' }).ends).toEqual(['s2:superseded'])
    expect(start(atMost(2), rows, { deviceId: 'phone' }).ends).toEqual([
      's1:device_limit',
      's2:superseded',
    ])
  })

  test('sessions without device id are never the same device', () => {
    expect(start(atMost(null), [began(0, 's1')], { deviceId: 'phone' })).toEqual(nothing)
    expect(start(atMost(null), [began(0, 's1', { deviceId: 'phone' })])).toEqual(nothing)
  })

  test('nobody is joined', () => {
    expect(start(atMost(5), [began(0, 's1')]).join).toBeNull()
  })

  test('rule 8 expired frees its place: a row that has run out takes none of the limit', () => {
    expect(start(atMost(2), [began(-40, 's1'), began(0, 's2')]).ends).toEqual(['s1:expired'])
  })
})

test('a slot admits one session where the policy does, or of one device', () => {
  expect(slotOf(single, 'app', 'phone')).toBe('app')
  expect(slotOf(shared, 'pc', null)).toBe('pc')
  expect(slotOf(atMost(20), 'web', null)).toBeNull()
  expect(slotOf(atMost(20), 'web', 'phone')).toBe('web:phone')
})
